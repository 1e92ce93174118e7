import ipaddr from 'ipaddr.js';

const LABEL = '[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?';
const DNS_NAME = new RegExp(`^${LABEL}(\\.${LABEL})*$`);

/** An IPv4 range: both ends as unsigned 32-bit numbers. */
export interface Subnet {
  readonly first: number;
  readonly last: number;
  readonly prefixLength: number;
}

/** Whether it is an RFC 1123 subdomain: what Kubernetes accepts as node and cluster names. */
export function isDnsName(text: string): boolean {
  return text.length <= 253 && DNS_NAME.test(text);
}

/** An IPv4 address in its usual form as a number; undefined for everything else. */
export function parseIpv4(text: string): number | undefined {
  if (!ipaddr.IPv4.isValidFourPartDecimal(text)) return undefined;
  return ipaddr.IPv4.parse(text).octets.reduce((sum, octet) => sum * 256 + octet, 0);
}

/** The usual form of an IPv4 address given as a number. */
export function formatIpv4(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.');
}

/** An IPv4 subnet in CIDR form, host bits zero; undefined for everything else. */
export function parseSubnet(text: string): Subnet | undefined {
  const match = /^([0-9.]+)\/(\d|[12]\d|3[0-2])$/.exec(text);
  const first = parseIpv4(match?.[1] ?? '');
  if (match === null || first === undefined) return undefined;
  const prefixLength = Number(match[2]);
  const size = 2 ** (32 - prefixLength);
  return first % size === 0 ? { first, last: first + size - 1, prefixLength } : undefined;
}

/** Whether two subnets have an address in common. */
export function overlaps(one: Subnet, other: Subnet): boolean {
  return one.first <= other.last && other.first <= one.last;
}

/** Whether an address lies in a subnet. */
export function contains(subnet: Subnet, address: number): boolean {
  return subnet.first <= address && address <= subnet.last;
}

const UNUSABLE: Readonly<Record<string, string>> = {
  unspecified: 'means "any address"',
  broadcast: 'is the broadcast address',
  multicast: 'is a multicast address',
  loopback: 'is a loopback address: the other hosts cannot reach it',
};

/** What is wrong with the address of a host (advertise address, node IP); undefined when nothing is. */
export function hostAddressProblem(text: string): string | undefined {
  if (parseIpv4(text) === undefined) {
    if (ipaddr.IPv6.isValid(text)) return 'is an IPv6 address: kbs makes IPv4 clusters only';
    return `must be an IPv4 address such as 10.0.0.11, not "${text}" (a name for SSH goes in sshAddress)`;
  }
  const reason = UNUSABLE[ipaddr.IPv4.parse(text).range()];
  return reason === undefined ? undefined : `${text} ${reason}`;
}

/** What is wrong with a name or address that is only connected to; undefined when nothing is. */
export function endpointHostProblem(text: string): string | undefined {
  if (parseIpv4(text) !== undefined || (isDnsName(text) && !/^[0-9.]+$/.test(text))) return undefined;
  if (ipaddr.IPv6.isValid(text)) return 'is an IPv6 address: kbs makes IPv4 clusters only';
  if (text.includes('://')) return 'must be a name or an address without a scheme';
  if (/:\d+$/.test(text)) return `must be without a port: write port: ${text.slice(text.lastIndexOf(':') + 1)} beside it`;
  return `must be a lower-case DNS name or an IPv4 address, not "${text}"`;
}

/** What is wrong with a further name in the API server's certificate; undefined when nothing is. */
export function certificateNameProblem(text: string): string | undefined {
  if (ipaddr.isValid(text) || isDnsName(text.replace(/^\*\./, ''))) return undefined;
  return `must be an address, a DNS name or a wildcard DNS name, not "${text}"`;
}
