import ipaddr from 'ipaddr.js';
import { contains, formatIpv4, parseIpv4, parseSubnet, type Subnet } from './address.js';

/** Longest service subnet with at least 10 addresses, and the longest with at most 20 host bits. Source: kubeadm v1.25 validation.go */
const SERVICE_PREFIX = { shortest: 12, longest: 28 } as const;
/** Each node gets a /24 of the pod subnet; a controller cannot manage more than 2^16 of them. Source: kubeadm v1.25 validation.go */
const NODE_PREFIX = 24;
const POD_PREFIX = { shortest: NODE_PREFIX - 16, longest: NODE_PREFIX } as const;

function withoutHostBits(text: string): string | undefined {
  const [address = '', prefix = ''] = text.split('/');
  const value = parseIpv4(address);
  if (value === undefined || !/^(\d|[12]\d|3[0-2])$/.test(prefix)) return undefined;
  const size = 2 ** (32 - Number(prefix));
  return `${formatIpv4(value - (value % size))}/${prefix}`;
}

function syntaxProblem(text: string): string {
  if (text.includes(',')) return 'must be one subnet: kbs makes single-stack clusters only';
  if (ipaddr.IPv6.isValidCIDR(text)) return 'is an IPv6 subnet: kbs makes IPv4 clusters only';
  const meant = withoutHostBits(text);
  if (meant !== undefined) return `has host bits set: write ${meant}`;
  return `must be an IPv4 subnet such as 10.244.0.0/16, not "${text}"`;
}

function checked(text: string, judge: (subnet: Subnet) => string | undefined): string | undefined {
  const subnet = parseSubnet(text);
  return subnet === undefined ? syntaxProblem(text) : judge(subnet);
}

/** What is wrong with a service subnet; undefined when nothing is. */
export function serviceSubnetProblem(text: string): string | undefined {
  return checked(text, ({ prefixLength }) => {
    if (prefixLength > SERVICE_PREFIX.longest)
      return `${text} is too small: /${SERVICE_PREFIX.longest} at the longest (kubeadm wants 10 addresses)`;
    if (prefixLength < SERVICE_PREFIX.shortest) return `${text} is too large: /${SERVICE_PREFIX.shortest} at the shortest`;
    return undefined;
  });
}

/** What is wrong with a pod subnet; undefined when nothing is. */
export function podSubnetProblem(text: string): string | undefined {
  return checked(text, ({ prefixLength }) => {
    if (prefixLength > POD_PREFIX.longest) return `${text} is too small: each node takes a /${NODE_PREFIX} of it`;
    if (prefixLength < POD_PREFIX.shortest) return `${text} is too large: /${POD_PREFIX.shortest} at the shortest`;
    return undefined;
  });
}

/** How many nodes a pod subnet has room for. */
export function nodesIn(subnet: Subnet): number {
  return 2 ** (NODE_PREFIX - subnet.prefixLength);
}

/** What is wrong with an address range that may be of any size; undefined when nothing is. */
export function cidrProblem(text: string): string | undefined {
  return checked(text, () => undefined);
}

/** Whether an address lies in a range; false for what is no IPv4. */
export function cidrContains(cidr: string, address: string): boolean {
  const subnet = parseSubnet(cidr);
  const value = parseIpv4(address);
  return subnet !== undefined && value !== undefined && contains(subnet, value);
}
