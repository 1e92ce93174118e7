import type { ClusterSpec } from '../../config/index.js';
import { cidrContains } from '../../config/index.js';
import type { HostFacts } from '../../host/index.js';

type Choice = Pick<ClusterSpec['network']['cni'], 'interface' | 'interfaceCidr'>;

/** Numbers from one to another, as a part of a regular expression. */
function anyOf(first: number, last: number): string {
  if (first === 0 && last === 255) return '[0-9]+';
  const numbers = Array.from({ length: last - first + 1 }, (_, index) => String(first + index));
  return numbers.length === 1 ? (numbers[0] ?? '') : `(${numbers.join('|')})`;
}

/**
 * A regular expression for exactly the IPv4 addresses of a range.
 * @param cidr with host bits zero
 */
export function addressPattern(cidr: string): string {
  const [address = '', bits = ''] = cidr.split('/');
  const parts = address.split('.').map((part, index) => {
    const free = Math.min(8, Math.max(0, 8 * (index + 1) - Number(bits)));
    return anyOf(Number(part), Number(part) + 2 ** free - 1);
  });
  return `^${parts.join('\\.')}$`;
}

/** flannel's flag for the interface between hosts. */
export function interfaceFlag({ interface: name, interfaceCidr }: Choice): string {
  return interfaceCidr === undefined ? `--iface=${name ?? '$(HOST_IP)'}` : `--iface-regex=${addressPattern(interfaceCidr)}`;
}

/** A host's link between hosts. */
export interface NetworkLink {
  readonly name: string;
  readonly mtu: number;
  /** Where the other hosts reach it. */
  readonly address: string | undefined;
}

/**
 * The link of a host that its pods' packets to other hosts go through; undefined when it has none as the cluster file says.
 * @param address the host's address of the cluster file
 */
export function networkLink({ interfaces }: Pick<HostFacts, 'interfaces'>, address: string, cni: Choice): NetworkLink | undefined {
  const { interface: name, interfaceCidr } = cni;
  const isMeant = (candidate: string): boolean =>
    interfaceCidr === undefined ? candidate === address : cidrContains(interfaceCidr, candidate);
  const link =
    name === undefined
      ? interfaces.find(({ addresses }) => addresses.some(isMeant))
      : interfaces.find((candidate) => candidate.name === name);
  if (link === undefined) return undefined;
  const own = link.addresses.find(isMeant) ?? link.addresses.find((candidate) => !candidate.includes(':'));
  return { name: link.name, mtu: link.mtu, address: own };
}
