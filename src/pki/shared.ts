import { createPublicKey } from 'node:crypto';
import { KbsError } from '../errors/index.js';
import { Secret } from '../secret/index.js';
import { createAuthority } from './authority.js';
import { readCertificate } from './inspect.js';
import { newKey, publicPem, readPrivateKey } from './keys.js';
import type { AuthorityName, KeyPair, SharedPki } from './types.js';

/** Where an authority lies below the PKI folder, and its name. Source: kubeadm v1.25 certs/certlist.go. */
const AUTHORITIES = {
  ca: { file: 'ca', commonName: 'kubernetes' },
  etcdCa: { file: 'etcd/ca', commonName: 'etcd-ca' },
  frontProxyCa: { file: 'front-proxy-ca', commonName: 'front-proxy-ca' },
} as const satisfies Record<AuthorityName, { readonly file: string; readonly commonName: string }>;

const SERVICE_ACCOUNT_KEY = 'sa.key';
const SERVICE_ACCOUNT_PUBLIC_KEY = 'sa.pub';

/** One file of the shared PKI. */
export interface SharedPkiFile {
  /** Below the PKI folder. */
  readonly path: string;
  /** Permission bits; kubeadm's. */
  readonly mode: number;
  readonly content: (pki: SharedPki) => string | Secret;
}

function authorityFiles(name: AuthorityName): readonly SharedPkiFile[] {
  const { file } = AUTHORITIES[name];
  return [
    { path: `${file}.crt`, mode: 0o644, content: (pki) => pki[name].certificate },
    { path: `${file}.key`, mode: 0o600, content: (pki) => pki[name].privateKey },
  ];
}

/** The files every control plane has alike. Source: kubeadm v1.25 (copycerts). */
export const SHARED_PKI_FILES: readonly SharedPkiFile[] = [
  ...authorityFiles('ca'),
  ...authorityFiles('etcdCa'),
  ...authorityFiles('frontProxyCa'),
  { path: SERVICE_ACCOUNT_KEY, mode: 0o600, content: (pki) => pki.serviceAccount.privateKey },
  { path: SERVICE_ACCOUNT_PUBLIC_KEY, mode: 0o600, content: (pki) => pki.serviceAccount.publicKey },
];

/** New CAs, valid for ten years from `now`, and service account keys. */
export async function createSharedPki(now: Date): Promise<SharedPki> {
  const [ca, etcdCa, frontProxyCa, serviceAccount] = await Promise.all([
    createAuthority(AUTHORITIES.ca.commonName, now),
    createAuthority(AUTHORITIES.etcdCa.commonName, now),
    createAuthority(AUTHORITIES.frontProxyCa.commonName, now),
    newKey(),
  ]);
  return {
    ca,
    etcdCa,
    frontProxyCa,
    serviceAccount: { privateKey: serviceAccount.privateKey, publicKey: publicPem(serviceAccount.publicKey) },
  };
}

type Files = ReadonlyMap<string, string | Secret>;

/**
 * The shared PKI from the files of a control plane (path below the PKI folder → content), whoever made them; a missing
 * sa.pub is made from sa.key. undefined when none of the files is there.
 * @throws KbsError PKI_INVALID when some are there and others missing or broken; `details` names each
 */
export function sharedPkiFromFiles(files: Files): SharedPki | undefined {
  if (SHARED_PKI_FILES.every(({ path }) => !files.has(path))) return undefined;
  const problems: string[] = [];
  const ca = authorityIn(files, 'ca', problems);
  const etcdCa = authorityIn(files, 'etcdCa', problems);
  const frontProxyCa = authorityIn(files, 'frontProxyCa', problems);
  const serviceAccount = serviceAccountIn(files, problems);
  if (ca === undefined || etcdCa === undefined || frontProxyCa === undefined || serviceAccount === undefined) {
    throw new KbsError('PKI_INVALID', `the cluster's PKI cannot be used: ${problems.join('; ')}`, {
      details: problems,
      remedy: ['put the missing files back from a backup or from another control plane', 'kbs reset, when there is no cluster to keep'],
    });
  }
  return { ca, etcdCa, frontProxyCa, serviceAccount };
}

function authorityIn(files: Files, name: AuthorityName, problems: string[]): KeyPair | undefined {
  const { file } = AUTHORITIES[name];
  const certificate = textOf(files.get(`${file}.crt`));
  const privateKey = secretOf(files.get(`${file}.key`));
  const found = authorityProblems(file, certificate, privateKey);
  problems.push(...found);
  return found.length > 0 || certificate === undefined || privateKey === undefined ? undefined : { certificate, privateKey };
}

function authorityProblems(file: string, certificatePem: string | undefined, keyPem: Secret | undefined): readonly string[] {
  const problems: string[] = [];
  const certificate = certificatePem === undefined ? undefined : readCertificate(certificatePem);
  const key = keyPem === undefined ? undefined : readPrivateKey(keyPem);
  if (certificatePem === undefined) problems.push(`${file}.crt is missing`);
  else if (certificate === undefined) problems.push(`${file}.crt is no certificate`);
  else if (!certificate.ca) problems.push(`${file}.crt is no CA`);
  if (keyPem === undefined) problems.push(`${file}.key is missing`);
  else if (key === undefined) problems.push(`${file}.key is no private key without passphrase`);
  else if (certificate?.checkPrivateKey(key) === false) problems.push(`${file}.key does not belong to ${file}.crt`);
  return problems;
}

function serviceAccountIn(files: Files, problems: string[]): SharedPki['serviceAccount'] | undefined {
  const privateKey = secretOf(files.get(SERVICE_ACCOUNT_KEY));
  const key = privateKey === undefined ? undefined : readPrivateKey(privateKey);
  if (privateKey === undefined || key === undefined) {
    problems.push(`${SERVICE_ACCOUNT_KEY} is ${privateKey === undefined ? 'missing' : 'no private key without passphrase'}`);
    return undefined;
  }
  const ownPublicKey = publicPem(createPublicKey(key));
  const publicKey = textOf(files.get(SERVICE_ACCOUNT_PUBLIC_KEY)) ?? ownPublicKey;
  // The file may hold several keys (old tokens stay valid during a rotation), but its own has to be among them.
  if (!withoutSpace(publicKey).includes(withoutSpace(ownPublicKey))) {
    problems.push(`${SERVICE_ACCOUNT_PUBLIC_KEY} does not belong to ${SERVICE_ACCOUNT_KEY}`);
    return undefined;
  }
  return { privateKey, publicKey };
}

function withoutSpace(text: string): string {
  return text.replace(/\s/g, '');
}

function textOf(content: string | Secret | undefined): string | undefined {
  return content instanceof Secret ? content.reveal() : content;
}

function secretOf(content: string | Secret | undefined): Secret | undefined {
  return typeof content === 'string' ? new Secret(content) : content;
}
