import { createHash, randomBytes, sign, X509Certificate, type KeyObject } from 'node:crypto';
import {
  bits,
  bytesOf,
  decode,
  encode,
  integer,
  nothing,
  octets,
  oid,
  OIDS,
  sequence,
  setOf,
  tagged,
  text,
  time,
  truth,
  wrapped,
  type Der,
} from './der.js';
import { ipBytes } from './sans.js';
import type { CertificateUsage, SubjectAltNames } from './types.js';

/** Who signs: the name and key identifier go into what is signed as they stand in the CA's certificate. */
export interface Signer {
  readonly subject: Der;
  /** undefined when the CA's certificate has none. */
  readonly keyIdentifier: string | undefined;
  /** RSA or EC. */
  readonly privateKey: KeyObject;
}

/** A certificate to be built. */
export interface CertificatePlan {
  readonly commonName: string;
  readonly organization?: string | undefined;
  readonly isCa: boolean;
  readonly usages: readonly CertificateUsage[];
  readonly sans: SubjectAltNames;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly publicKey: KeyObject;
}

const DAY_MS = 86_400_000;
// Bits of KeyUsage, first bit highest: digitalSignature 0, keyEncipherment 2, keyCertSign 5.
const LEAF_KEY_USAGE = { byte: '\u00a0', unusedBits: 5 };
const CA_KEY_USAGE = { byte: '\u00a4', unusedBits: 2 };

/** A date so many days later, in days of 24 hours, cut to whole seconds. */
export function daysAfter(date: Date, days: number): Date {
  return new Date(Math.floor((date.getTime() + days * DAY_MS) / 1000) * 1000);
}

/** A distinguished name, organization first as Go writes it. */
export function subjectName({ commonName, organization }: Pick<CertificatePlan, 'commonName' | 'organization'>): Der {
  const part = (type: string, value: string): Der => setOf(sequence(oid(type), text(value)));
  const name = part(OIDS.commonName, commonName);
  return organization === undefined ? sequence(name) : sequence(part(OIDS.organization, organization), name);
}

/** SHA-1 of an RSA key's bits, which are its PKCS#1 form. Source: RFC 5280, 4.2.1.2 (1), which Go uses for CAs. */
export function keyIdentifierOf(publicKey: KeyObject): string {
  const keyBits = publicKey.export({ type: 'pkcs1', format: 'der' });
  return bytesOf(createHash('sha1').update(keyBits).digest());
}

function extension(type: string, value: Der, isCritical = false): Der {
  const content = octets(bytesOf(encode(value)));
  return isCritical ? sequence(oid(type), truth(), content) : sequence(oid(type), content);
}

function altName({ dns, ip }: SubjectAltNames): Der {
  return sequence(
    ...dns.map((name) => tagged(2, bytesOf(Buffer.from(name, 'latin1')))),
    ...ip.map((address) => tagged(7, bytesOf(ipBytes(address)))),
  );
}

function extensions(plan: CertificatePlan, signer: Signer): Der {
  const keyUsage = plan.isCa ? CA_KEY_USAGE : LEAF_KEY_USAGE;
  const list = [extension(OIDS.keyUsage, bits(keyUsage.byte, keyUsage.unusedBits), true)];
  if (plan.usages.length > 0) list.push(extension(OIDS.extendedKeyUsage, sequence(...plan.usages.map((usage) => oid(OIDS[usage])))));
  list.push(extension(OIDS.basicConstraints, plan.isCa ? sequence(truth()) : sequence(), true));
  if (plan.isCa) list.push(extension(OIDS.subjectKeyIdentifier, octets(keyIdentifierOf(plan.publicKey))));
  else if (signer.keyIdentifier !== undefined) {
    list.push(extension(OIDS.authorityKeyIdentifier, sequence(tagged(0, signer.keyIdentifier))));
  }
  if (plan.sans.dns.length + plan.sans.ip.length > 0) list.push(extension(OIDS.subjectAltName, altName(plan.sans)));
  return sequence(...list);
}

/** Zero for a CA, else 63 random bits in the shortest form: a padded or negative number is refused by Go. */
function serialNumber(isCa: boolean): string {
  if (isCa) return '\u0000';
  const number = randomBytes(8);
  number[0] = (number[0] ?? 0) & 0x7f;
  const hex = BigInt(`0x${number.toString('hex')}`).toString(16);
  const bytes = Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex');
  return (bytes[0] ?? 0) > 0x7f ? `\u0000${bytesOf(bytes)}` : bytesOf(bytes);
}

function signatureAlgorithm(key: KeyObject): Der {
  return key.asymmetricKeyType === 'ec' ? sequence(oid(OIDS.sha256WithEcdsa)) : sequence(oid(OIDS.sha256WithRsa), nothing());
}

/** Builds and signs a certificate (X.509 v3, SHA-256); PEM. Signing is OpenSSL's: in JavaScript it takes a hundred times as long. */
export function signCertificate(plan: CertificatePlan, signer: Signer): string {
  const algorithm = signatureAlgorithm(signer.privateKey);
  const toBeSigned = sequence(
    wrapped(0, integer('\u0002')),
    integer(serialNumber(plan.isCa)),
    algorithm,
    signer.subject,
    sequence(time(plan.notBefore), time(plan.notAfter)),
    subjectName(plan),
    decode(plan.publicKey.export({ type: 'spki', format: 'der' })),
    wrapped(3, extensions(plan, signer)),
  );
  const signature = sign('sha256', encode(toBeSigned), signer.privateKey);
  return new X509Certificate(encode(sequence(toBeSigned, algorithm, bits(bytesOf(signature))))).toString();
}
