import type { X509Certificate } from 'node:crypto';
import type { Secret } from '../secret/index.js';
import { issue } from './authority.js';
import { describe, readCertificate } from './inspect.js';
import { readPrivateKey } from './keys.js';
import { leafRequirements } from './leaves.js';
import { authorityOf } from './shared.js';
import type {
  CertificateInfo,
  CertSpec,
  ClientCertificateRequest,
  ControlPlaneNode,
  KeyPair,
  LeafRequirements,
  SharedPki,
} from './types.js';

/** A certificate that ends sooner is issued anew; a kubelet renews its own at about a fifth of its life left. */
const RENEW_BEFORE_DAYS = 30;
const DAY_MS = 86_400_000;

/** A certificate and key as they were found, each undefined when it was not. */
export interface FoundKeyPair {
  readonly certificate: string | undefined;
  readonly privateKey: Secret | undefined;
}

/** Which leaf of the table is looked for. */
export interface ExpectedLeaf {
  readonly spec: CertSpec;
  readonly shared: SharedPki;
  readonly node: ControlPlaneNode;
  readonly now: Date;
}

/**
 * Why a leaf has to be issued anew, in words that fit behind "apiserver.crt: "; undefined when it is fit. More SANs
 * than needed are fit: somebody put them there with a purpose.
 * @throws KbsError PKI_INVALID when a required SAN is neither a DNS name nor an address
 */
export function leafProblem(found: FoundKeyPair, { spec, shared, node, now }: ExpectedLeaf): string | undefined {
  return problemOf(found, { ...leafRequirements(spec, node), ca: authorityOf(shared, spec.ca), now });
}

/** A client certificate as it should be; to judge one, the key of the CA is not needed. */
export interface ExpectedClientCertificate extends Omit<ClientCertificateRequest, 'ca'> {
  readonly ca: Pick<KeyPair, 'certificate'>;
}

/** Why a client certificate has to be issued anew, as {@link leafProblem} says it. */
export function clientCertificateProblem(found: FoundKeyPair, request: ExpectedClientCertificate): string | undefined {
  return problemOf(found, { ...clientRequirements(request), ca: request.ca, now: request.now });
}

/**
 * Issues a client certificate, as kubeconfigs and kubelets have them.
 * @throws KbsError PKI_INVALID when the CA cannot sign
 */
export function issueClientCertificate(request: ClientCertificateRequest): Promise<KeyPair> {
  return issue({ ...clientRequirements(request), keyType: request.keyType }, request.ca, request.now);
}

function clientRequirements({ commonName, organization }: Pick<ClientCertificateRequest, 'commonName' | 'organization'>): LeafRequirements {
  return { commonName, ...(organization === undefined ? {} : { organization }), usages: ['clientAuth'], sans: { dns: [], ip: [] } };
}

interface Expected extends LeafRequirements {
  readonly ca: Pick<KeyPair, 'certificate'>;
  readonly now: Date;
}

function problemOf({ certificate: pem, privateKey }: FoundKeyPair, expected: Expected): string | undefined {
  if (pem === undefined) return 'missing';
  const certificate = readCertificate(pem);
  if (certificate === undefined) return 'no certificate that can be read';
  return (
    keyProblem(certificate, privateKey) ??
    authorityProblem(certificate, expected.ca) ??
    contentProblem(describe(certificate), expected) ??
    expiryProblem(certificate, expected.now)
  );
}

function keyProblem(certificate: X509Certificate, privateKey: Secret | undefined): string | undefined {
  if (privateKey === undefined) return 'its key is missing';
  const key = readPrivateKey(privateKey);
  if (key === undefined) return 'its key cannot be read';
  return certificate.checkPrivateKey(key) ? undefined : 'its key belongs to another certificate';
}

function authorityProblem(certificate: X509Certificate, ca: Pick<KeyPair, 'certificate'>): string | undefined {
  const authority = readCertificate(ca.certificate);
  const isOurs = authority !== undefined && certificate.checkIssued(authority) && certificate.verify(authority.publicKey);
  return isOurs ? undefined : 'signed by another CA';
}

function contentProblem(info: CertificateInfo, expected: LeafRequirements): string | undefined {
  if (info.commonName !== expected.commonName) return `its common name is ${info.commonName ?? 'empty'}, not ${expected.commonName}`;
  const organizations = expected.organization === undefined ? [] : [expected.organization];
  if (info.organizations.join() !== organizations.join()) {
    return `its organization is ${info.organizations.join(', ') || 'empty'}, not ${organizations.join() || 'empty'}`;
  }
  const usages = expected.usages.filter((usage) => !info.usages.includes(usage));
  if (usages.length > 0) return `its usage lacks ${usages.join(', ')}`;
  const sans = [
    ...expected.sans.dns.filter((name) => !info.sans.dns.includes(name)),
    ...expected.sans.ip.filter((address) => !info.sans.ip.includes(address)),
  ];
  return sans.length > 0 ? `its SANs lack ${sans.join(', ')}` : undefined;
}

function expiryProblem(certificate: X509Certificate, now: Date): string | undefined {
  const daysLeft = Math.floor((new Date(certificate.validTo).getTime() - now.getTime()) / DAY_MS);
  if (daysLeft < 0) return `expired on ${new Date(certificate.validTo).toISOString().slice(0, 10)}`;
  return daysLeft < RENEW_BEFORE_DAYS ? `expires in ${daysLeft} ${daysLeft === 1 ? 'day' : 'days'}` : undefined;
}
