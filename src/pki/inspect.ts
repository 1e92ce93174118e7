import { createHash, X509Certificate } from 'node:crypto';
import { KbsError } from '../errors/index.js';
import { OIDS } from './der.js';
import { shortAddress } from './sans.js';
import type { CertificateInfo, CertificateUsage, SubjectAltNames } from './types.js';

const USAGES: readonly CertificateUsage[] = ['serverAuth', 'clientAuth'];

/** The first certificate of a PEM; undefined when there is none that can be read. */
export function readCertificate(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}

/**
 * What the first certificate of a PEM says.
 * @throws KbsError PKI_INVALID when there is none that can be read
 */
export function inspectCertificate(pem: string): CertificateInfo {
  const certificate = readCertificate(pem);
  if (certificate === undefined) throw new KbsError('PKI_INVALID', 'this is no certificate in PEM form');
  return describe(certificate);
}

/** What a certificate says. */
export function describe(certificate: X509Certificate): CertificateInfo {
  const name = subjectOf(certificate);
  const usageOids = new Set(certificate.keyUsage);
  return {
    commonName: name.get('CN')?.[0],
    organizations: name.get('O') ?? [],
    sans: altNamesOf(certificate),
    notBefore: new Date(certificate.validFrom),
    notAfter: new Date(certificate.validTo),
    isCa: certificate.ca,
    usages: USAGES.filter((usage) => usageOids.has(OIDS[usage])),
    serialNumber: BigInt(`0x${certificate.serialNumber}`).toString(16),
  };
}

/** `sha256:<hex>` of a CA's public key, as `--discovery-token-ca-cert-hash` takes it. @throws KbsError PKI_INVALID */
export function caCertHash(caPem: string): string {
  const certificate = readCertificate(caPem);
  if (certificate === undefined) throw new KbsError('PKI_INVALID', 'the CA is no certificate in PEM form');
  const publicKey = certificate.publicKey.export({ type: 'spki', format: 'der' });
  return `sha256:${createHash('sha256').update(publicKey).digest('hex')}`;
}

/**
 * Where in the DER of a certificate the public key lies whose hash {@link caCertHash} is.
 * @returns `start` from 1, as `tail -c +N` counts
 * @throws KbsError PKI_INVALID
 */
export function publicKeyPlace(pem: string): { readonly start: number; readonly bytes: number } {
  const certificate = readCertificate(pem);
  if (certificate === undefined) throw new KbsError('PKI_INVALID', 'this is no certificate in PEM form');
  const key = certificate.publicKey.export({ type: 'spki', format: 'der' });
  return { start: certificate.raw.indexOf(key) + 1, bytes: key.length };
}

/** Whether the first certificates of two PEMs are the same; false when one cannot be read. */
export function isSameCertificate(one: string, other: string): boolean {
  const [first, second] = [readCertificate(one), readCertificate(other)];
  return first !== undefined && second !== undefined && first.raw.equals(second.raw);
}

/** Types and values of a subject; node prints one a line, the parts of one set joined by +. */
function subjectOf(certificate: X509Certificate): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const part of certificate.subject.split(/\n|(?<!\\)\+/)) {
    const at = part.indexOf('=');
    const type = part.slice(0, at);
    found.set(type, [...(found.get(type) ?? []), part.slice(at + 1).replace(/\\(.)/g, '$1')]);
  }
  return found;
}

function altNamesOf(certificate: X509Certificate): SubjectAltNames {
  const entries = certificate.subjectAltName?.split(', ') ?? [];
  const after = (prefix: string): string[] =>
    entries.filter((entry) => entry.startsWith(prefix)).map((entry) => entry.slice(prefix.length));
  return {
    dns: after('DNS:').map((name) => name.toLowerCase()),
    ip: after('IP Address:').map(shortAddress),
  };
}
