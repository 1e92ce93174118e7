import { endpointOf, endpointProvider, etcdHosts, hasNamelessEndpoint, serviceAddress, type ClusterSpec } from '../config/index.js';
import { etcdTopology, PORTS } from '../constants/index.js';
import type { Host } from '../host/index.js';
import type { ClusterAccess } from '../kubeconfig/index.js';
import type { ControlPlaneNode } from '../pki/index.js';
import { hostSpecOf } from './context.js';

/** `https://host:port` with IPv6 addresses in brackets. */
export function urlOf(host: string, port: number): string {
  return `https://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** The API as everybody reaches it: the control-plane endpoint. */
export function endpointAccess(spec: ClusterSpec, caCertificate: string): ClusterAccess {
  const { host, port } = endpointOf(spec);
  return { clusterName: CLUSTER_NAME, server: urlOf(host, port), caCertificate };
}

/** Where an API server or a load balancer of the node itself answers. */
const LOOPBACK = '127.0.0.1';

/** Where nodes reach the API, the same on each: the control-plane endpoint, or what answers on the node itself. */
export function nodeEndpoint(spec: ClusterSpec): { readonly host: string; readonly port: number } {
  return endpointProvider(spec) === 'local-lb' ? { host: LOOPBACK, port: PORTS.apiServer } : endpointOf(spec);
}

/** The API as kubelets and kube-proxy reach it. */
export function nodeAccess(spec: ClusterSpec, caCertificate: string): ClusterAccess {
  const { host, port } = nodeEndpoint(spec);
  return { clusterName: CLUSTER_NAME, server: urlOf(host, port), caCertificate };
}

/** The API in admin.conf of a control plane; its own where no endpoint leads to all of them, so that the file is good elsewhere, too. */
export function adminAccess(spec: ClusterSpec, host: Host, caCertificate: string): ClusterAccess {
  return endpointProvider(spec) === 'local-lb' ? localAccess(host, caCertificate) : endpointAccess(spec, caCertificate);
}

/** The API server of one control plane. */
export function localAccess(host: Host, caCertificate: string): ClusterAccess {
  return { clusterName: CLUSTER_NAME, server: urlOf(host.address, PORTS.apiServer), caCertificate };
}

/** Cluster name inside kubeconfigs and the controller manager: kubeadm's default, so that its tools find what they expect. */
export const CLUSTER_NAME = 'kubernetes';

/** What a control plane's certificates are made from. */
export function controlPlaneNode(spec: ClusterSpec, host: Host): ControlPlaneNode {
  return {
    nodeName: hostSpecOf(spec, host).name,
    advertiseAddress: host.address,
    ...endpointName(spec),
    serviceSubnetFirst: serviceAddress(spec, 1),
    dnsDomain: spec.network.dnsDomain,
    certSANs: apiServerNames(spec),
  };
}

/** Where the endpoint has no name a control plane is called by its own address only. */
function endpointName(spec: ClusterSpec): { readonly endpointHost?: string } {
  return hasNamelessEndpoint(spec) ? {} : { endpointHost: endpointOf(spec).host };
}

/** Names in the certificates of API servers besides those that kubeadm puts there of its own accord. */
export function apiServerNames(spec: ClusterSpec): readonly string[] {
  const { certSANs } = spec.apiServer;
  return endpointProvider(spec) === 'local-lb' ? [...new Set([...certSANs, LOOPBACK, 'localhost'])] : certSANs;
}

/** Client URLs of an etcd that is not on the control planes; undefined where each API server uses the member beside it. */
export function etcdEndpoints(spec: ClusterSpec): readonly string[] | undefined {
  const topology = etcdTopology(spec);
  if (topology === 'stacked') return undefined;
  return topology === 'external' ? spec.etcd.external?.endpoints : etcdHosts(spec).map(({ address }) => urlOf(address, PORTS.etcdClient));
}
