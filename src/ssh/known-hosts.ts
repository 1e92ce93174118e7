import { createHash, createHmac } from 'node:crypto';
import { glob } from 'ssh-config';

/** One line of a known_hosts file. Source: sshd(8), SSH_KNOWN_HOSTS FILE FORMAT. */
export interface KnownKey {
  readonly file: string;
  readonly line: number;
  readonly marker: 'cert-authority' | 'revoked' | undefined;
  /** Comma-separated patterns, or one hashed name. */
  readonly hosts: string;
  /** `ssh-ed25519` and the like. */
  readonly type: string;
  readonly key: Buffer;
}

/** What the files say of a key a host has shown. */
export type HostKeyVerdict =
  | { readonly kind: 'known' }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'changed' | 'revoked' | 'other-type'; readonly by: KnownKey };

/** Reads the lines of a known_hosts file; lines that are none are left out, as OpenSSH does. */
export function parseKnownHosts(text: string, file: string): readonly KnownKey[] {
  return text.split(/\r?\n/).flatMap((line, index) => {
    const match = /^\s*(?:@(cert-authority|revoked)\s+)?([^\s#@]\S*)\s+(\S+)\s+([A-Za-z0-9+/=]+)/.exec(line);
    if (!match) return [];
    const [, marker, hosts = '', type = '', key = ''] = match;
    const known = marker === 'cert-authority' || marker === 'revoked' ? marker : undefined;
    return [{ file, line: index + 1, marker: known, hosts, type, key: Buffer.from(key, 'base64') }];
  });
}

/** The name a host has in known_hosts: with brackets and port where the port is not 22. */
export function knownHostName(host: string, port: number): string {
  const name = host.toLowerCase();
  return port === 22 ? name : `[${name}]:${port}`;
}

/** Keys of a host, in the order of the files. */
export function keysOf(known: readonly KnownKey[], name: string): readonly KnownKey[] {
  return known.filter(({ hosts }) => (hosts.startsWith('|1|') ? isHashOf(hosts, name) : matchesPatterns(hosts, name)));
}

/** `|1|salt|hash`: HMAC-SHA1 of the name. */
function isHashOf(hashed: string, name: string): boolean {
  const [, , salt = '', hash = ''] = hashed.split('|');
  return createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest('base64') === hash;
}

function matchesPatterns(patterns: string, name: string): boolean {
  let matches = false;
  for (const pattern of patterns.toLowerCase().split(',')) {
    if (pattern.startsWith('!')) {
      if (matchesPattern(pattern.slice(1), name)) return false;
    } else if (matchesPattern(pattern, name)) matches = true;
  }
  return matches;
}

function matchesPattern(pattern: string, name: string): boolean {
  return pattern === name || (/[*?]/.test(pattern) && glob(pattern, name));
}

/** Judges a key against what is known of its host. */
export function judgeHostKey(keys: readonly KnownKey[], key: Buffer): HostKeyVerdict {
  const revoked = keys.find((known) => known.marker === 'revoked' && known.key.equals(key));
  if (revoked) return { kind: 'revoked', by: revoked };
  const plain = keys.filter((known) => known.marker === undefined);
  if (plain.some((known) => known.key.equals(key))) return { kind: 'known' };
  const type = keyTypeOf(key);
  const sameType = plain.find((known) => known.type === type);
  if (sameType) return { kind: 'changed', by: sameType };
  const [other] = plain;
  return other ? { kind: 'other-type', by: other } : { kind: 'unknown' };
}

/** The type a public key blob begins with. */
export function keyTypeOf(key: Buffer): string {
  return key.subarray(4, 4 + key.readUInt32BE(0)).toString('ascii');
}

/** As `ssh-keygen -l` shows it: `SHA256:…` without padding. */
export function fingerprintOf(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
}

/** Line for a key that is accepted now. */
export function knownHostsLine(name: string, key: Buffer): string {
  return `${name} ${keyTypeOf(key)} ${key.toString('base64')}\n`;
}
