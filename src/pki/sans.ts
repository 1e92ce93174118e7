import { isIP, isIPv4, SocketAddress } from 'node:net';
import { KbsError } from '../errors/index.js';
import type { SubjectAltNames } from './types.js';

const DNS_NAME = /^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

/** An address in its shortest form; what is no address is given back as it is. */
export function shortAddress(address: string): string {
  return isIP(address) === 6 ? new SocketAddress({ address, family: 'ipv6' }).address : address;
}

/** Four or sixteen bytes. */
export function ipBytes(address: string): Buffer {
  if (isIPv4(address)) return Buffer.from(address.split('.').map(Number));
  const [head = '', tail] = withoutDottedEnd(shortAddress(address)).split('::');
  const groups = (text: string): string[] => (text === '' ? [] : text.split(':'));
  const after = groups(tail ?? '');
  const before = groups(head);
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0');
  return Buffer.from([...before, ...zeros, ...after].map((group) => group.padStart(4, '0')).join(''), 'hex');
}

/** `::ffff:10.0.0.1` → `::ffff:a00:1`. */
function withoutDottedEnd(address: string): string {
  const start = address.lastIndexOf(':') + 1;
  const end = address.slice(start);
  if (!isIPv4(end)) return address;
  const hex = ipBytes(end).toString('hex');
  return `${address.slice(0, start)}${hex.slice(0, 4)}:${hex.slice(4)}`;
}

/**
 * Sorts out names and addresses as kubeadm does: each once, names in lower case and sorted, addresses in the order given.
 * @throws KbsError PKI_INVALID for what is neither a DNS name (`*.` in front allowed) nor an address
 */
export function subjectAltNames(entries: readonly string[]): SubjectAltNames {
  const dns = new Set<string>();
  const ip = new Set<string>();
  for (const entry of entries) {
    const name = entry.toLowerCase();
    if (isIP(entry) !== 0) ip.add(shortAddress(entry));
    else if (name.length <= 253 && DNS_NAME.test(name)) dns.add(name);
    else throw new KbsError('PKI_INVALID', `"${entry}" is neither a DNS name nor an address, so it cannot stand in a certificate`);
  }
  return { dns: [...dns].sort(), ip: [...ip] };
}
