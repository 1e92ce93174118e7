import { controlPlanes, endpointOf, serviceAddress, type ClusterSpec } from '../config/index.js';
import { PORTS } from '../constants/index.js';
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
    endpointHost: endpointOf(spec).host,
    serviceSubnetFirst: serviceAddress(spec, 1),
    dnsDomain: spec.network.dnsDomain,
    certSANs: spec.apiServer.certSANs,
  };
}

/** Members of stacked etcd as a new cluster starts: every control plane of the file. */
export function initialEtcdMembers(spec: ClusterSpec): readonly { readonly name: string; readonly address: string }[] {
  return controlPlanes(spec).map(({ name, address }) => ({ name, address }));
}
