import { createPrivateKey, X509Certificate } from 'node:crypto';
import { KbsError } from '../errors/index.js';
import { daysAfter, keyIdentifierOf, signCertificate, subjectName, type Signer } from './certificate.js';
import { contentOf, decode, oidOf, OIDS, partsOf, type Der } from './der.js';
import { newKey, readPrivateKey, type KeyType } from './keys.js';
import { subjectAltNames } from './sans.js';
import type { CertificateUsage, KeyPair, SubjectAltNames } from './types.js';

/** Source: kubeadm v1.25 constants.go (CertificateValidity is 365 days, CAs ten times that). */
const CA_DAYS = 3650;
const LEAF_DAYS = 365;

/** A new self-signed CA; its common name is its only SAN, as kubeadm makes them. */
export async function createAuthority(commonName: string, now: Date): Promise<KeyPair> {
  const key = await newKey();
  const signer: Signer = {
    subject: subjectName({ commonName }),
    keyIdentifier: keyIdentifierOf(key.publicKey),
    privateKey: createPrivateKey(key.privateKey.reveal()),
  };
  const plan = {
    commonName,
    isCa: true,
    usages: [],
    sans: subjectAltNames([commonName]),
    notBefore: daysAfter(now, 0),
    notAfter: daysAfter(now, CA_DAYS),
    publicKey: key.publicKey,
  };
  return { certificate: signCertificate(plan, signer), privateKey: key.privateKey };
}

/** A leaf to be issued. */
export interface LeafPlan {
  readonly commonName: string;
  readonly organization?: string | undefined;
  readonly usages: readonly CertificateUsage[];
  readonly sans: SubjectAltNames;
  /** Default: `rsa`. */
  readonly keyType?: KeyType | undefined;
}

/**
 * Issues a leaf with a new key: valid from when the CA is (clocks of hosts differ), for a year from now.
 * @throws KbsError PKI_INVALID when the CA cannot sign
 */
export async function issue(leaf: LeafPlan, ca: KeyPair, now: Date): Promise<KeyPair> {
  const signer = signerOf(ca);
  const key = await newKey(leaf.keyType);
  const notBefore = new Date(new X509Certificate(ca.certificate).validFrom);
  const plan = { ...leaf, isCa: false, notBefore, notAfter: daysAfter(now, LEAF_DAYS), publicKey: key.publicKey };
  return { certificate: signCertificate(plan, signer), privateKey: key.privateKey };
}

function signerOf(ca: KeyPair): Signer {
  const privateKey = readPrivateKey(ca.privateKey);
  if (privateKey === undefined) throw new KbsError('PKI_INVALID', 'the key of the CA cannot be read');
  if (privateKey.asymmetricKeyType !== 'rsa' && privateKey.asymmetricKeyType !== 'ec') {
    throw new KbsError('PKI_INVALID', `the CA has a ${String(privateKey.asymmetricKeyType)} key; kbs signs with RSA and EC keys only`);
  }
  return { ...namesIn(ca.certificate), privateKey };
}

/** The subject with its very bytes (Go compares names byte for byte) and the key identifier of a CA's certificate. */
function namesIn(pem: string): Pick<Signer, 'subject' | 'keyIdentifier'> {
  const [toBeSigned] = partsOf(decode(new X509Certificate(pem).raw));
  const fields = partsOf(toBeSigned);
  // version, serial number, algorithm, issuer, validity, subject: a version 1 certificate lacks the first.
  const hasVersion = fields[0]?.constructed === true;
  const subject = fields[hasVersion ? 5 : 4];
  if (subject === undefined) throw new KbsError('PKI_INVALID', 'the CA certificate has no subject');
  const extensions = partsOf(partsOf(fields.at(-1))[0]);
  return { subject, keyIdentifier: keyIdentifierIn(extensions) };
}

function keyIdentifierIn(extensions: readonly Der[]): string | undefined {
  const found = extensions.map(partsOf).find(([type]) => oidOf(type) === OIDS.subjectKeyIdentifier);
  const wrapping = contentOf(found?.at(-1));
  return wrapping === undefined ? undefined : contentOf(decode(Buffer.from(wrapping, 'latin1')));
}
