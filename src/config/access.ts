import { PORTS } from '../constants/index.js';
import { formatIpv4, parseSubnet } from './checks/address.js';
import type { EndpointProvider } from './checks/endpoint.js';
import { KbsError } from '../errors/index.js';
import type { ClusterSpec, HostSpec } from './schema.js';

/** Hosts with the control-plane role, in the order of the file; at least one in a loaded file. */
export function controlPlanes(spec: ClusterSpec): readonly HostSpec[] {
  return spec.hosts.filter((host) => host.roles.includes('control-plane'));
}

/** Hosts that only are workers, in the order of the file. */
export function workers(spec: ClusterSpec): readonly HostSpec[] {
  return nodeHosts(spec).filter((host) => !host.roles.includes('control-plane'));
}

/** Hosts that become nodes of the cluster, in the order of the file: all but those of etcd. */
export function nodeHosts(spec: Pick<ClusterSpec, 'hosts'>): readonly HostSpec[] {
  return spec.hosts.filter((host) => !host.roles.includes('etcd'));
}

/** Hosts with role etcd, in the order of the file. */
export function etcdHosts(spec: Pick<ClusterSpec, 'hosts'>): readonly HostSpec[] {
  return spec.hosts.filter((host) => host.roles.includes('etcd'));
}

/** Name of the Node object of a host. */
export function nodeNameOf(host: HostSpec): string {
  return host.name;
}

/**
 * Where everybody reaches the API: the control-plane endpoint; where it names no host, the first control plane itself.
 * @throws KbsError CONFIG_INVALID when there is neither
 */
export function endpointOf(spec: ClusterSpec): { readonly host: string; readonly port: number } {
  const { host, port = PORTS.apiServer } = spec.controlPlaneEndpoint ?? {};
  if (host !== undefined) return { host, port };
  const [first] = controlPlanes(spec);
  if (first === undefined) throw new KbsError('CONFIG_INVALID', 'there is no control plane and no control-plane endpoint');
  return { host: first.address, port: PORTS.apiServer };
}

/** Who makes the endpoint answer; a single control plane without endpoint answers for itself. */
export function endpointProvider(spec: Pick<ClusterSpec, 'controlPlaneEndpoint'>): EndpointProvider | undefined {
  return spec.controlPlaneEndpoint?.provider;
}

/**
 * A load balancer on every node and no name for the endpoint: nodes need none, and whoever else asks takes the first control plane of the
 * file, another one once that has gone.
 */
export function hasNamelessEndpoint(spec: Pick<ClusterSpec, 'controlPlaneEndpoint'>): boolean {
  return endpointProvider(spec) === 'local-lb' && spec.controlPlaneEndpoint?.host === undefined;
}

/**
 * The n-th address of the service subnet: 1 is the API, 10 is DNS.
 * @throws KbsError CONFIG_INVALID when the subnet has no such address
 */
export function serviceAddress(spec: ClusterSpec, n: number): string {
  const subnet = parseSubnet(spec.network.serviceSubnet);
  if (subnet === undefined || n < 0 || subnet.first + n > subnet.last) {
    throw new KbsError('CONFIG_INVALID', `the service subnet ${spec.network.serviceSubnet} has no address number ${n}`);
  }
  return formatIpv4(subnet.first + n);
}
