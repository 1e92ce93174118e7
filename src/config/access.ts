import { formatIpv4, parseSubnet } from './checks/address.js';
import { KbsError } from '../errors/index.js';
import type { ClusterSpec, HostSpec } from './schema.js';

/** Hosts with the control-plane role, in the order of the file; at least one in a loaded file. */
export function controlPlanes(spec: ClusterSpec): readonly HostSpec[] {
  return spec.hosts.filter((host) => host.roles.includes('control-plane'));
}

/** Hosts that only are workers, in the order of the file. */
export function workers(spec: ClusterSpec): readonly HostSpec[] {
  return spec.hosts.filter((host) => !host.roles.includes('control-plane'));
}

/** Name of the Node object of a host. */
export function nodeNameOf(host: HostSpec): string {
  return host.name;
}

/**
 * Where everybody reaches the API: the control-plane endpoint, or the only control plane itself.
 * @throws KbsError CONFIG_INVALID when there is neither
 */
export function endpointOf(spec: ClusterSpec): { readonly host: string; readonly port: number } {
  if (spec.controlPlaneEndpoint !== undefined) return { host: spec.controlPlaneEndpoint.host, port: spec.controlPlaneEndpoint.port };
  const [first] = controlPlanes(spec);
  if (first === undefined) throw new KbsError('CONFIG_INVALID', 'there is no control plane and no control-plane endpoint');
  return { host: first.address, port: 6443 };
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
