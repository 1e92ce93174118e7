import { createPublicKey } from 'node:crypto';
import type { EtcdTopology } from '../constants/index.js';
import { KbsError } from '../errors/index.js';
import { Secret } from '../secret/index.js';
import { createAuthority } from './authority.js';
import { readCertificate } from './inspect.js';
import { newKey, publicPem, readPrivateKey } from './keys.js';
import type { AuthorityName, EtcdClient, KeyPair, SharedPki } from './types.js';

/** Where an authority lies below the PKI folder, and its name. Source: kubeadm v1.25 certs/certlist.go. */
const AUTHORITIES = {
  ca: { file: 'ca', commonName: 'kubernetes' },
  etcdCa: { file: 'etcd/ca', commonName: 'etcd-ca' },
  frontProxyCa: { file: 'front-proxy-ca', commonName: 'front-proxy-ca' },
} as const satisfies Record<AuthorityName, { readonly file: string; readonly commonName: string }>;

/** Client certificate of the API servers for etcd, without suffix. Source: kubeadm v1.25 constants.go. */
const ETCD_CLIENT = 'apiserver-etcd-client';
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

/**
 * An authority with its key.
 * @throws KbsError STEP_MISSING for etcd's, when etcd is on hosts of its own and none of them was asked for the key
 */
export function authorityOf(pki: SharedPki, name: AuthorityName): KeyPair {
  const pair = pki[name];
  if (pair !== undefined) return pair;
  throw new KbsError('STEP_MISSING', 'the key of etcd’s CA is not at hand: only the hosts with role etcd have it', {
    remedy: ['kbs apply -f CLUSTER_FILE   # works on the hosts of etcd too'],
  });
}

function authorityFiles(name: AuthorityName): readonly [SharedPkiFile, SharedPkiFile] {
  const { file } = AUTHORITIES[name];
  return [
    { path: `${file}.crt`, mode: 0o644, content: (pki) => authorityOf(pki, name).certificate },
    { path: `${file}.key`, mode: 0o600, content: (pki) => authorityOf(pki, name).privateKey },
  ];
}

function clientOf({ etcdClient }: SharedPki): EtcdClient {
  if (etcdClient !== undefined) return etcdClient;
  throw new KbsError('STEP_MISSING', 'no API server has a client certificate for etcd yet', { remedy: ['kbs apply -f CLUSTER_FILE'] });
}

/** The authority of etcd, as its own hosts have it. */
export const ETCD_AUTHORITY_FILES: readonly SharedPkiFile[] = authorityFiles('etcdCa');

/** What leads to an etcd that is not on the control planes. */
export const ETCD_CLIENT_FILES: readonly SharedPkiFile[] = [
  { path: `${AUTHORITIES.etcdCa.file}.crt`, mode: 0o644, content: (pki) => clientOf(pki).caCertificate },
  { path: `${ETCD_CLIENT}.crt`, mode: 0o644, content: (pki) => clientOf(pki).pair.certificate },
  { path: `${ETCD_CLIENT}.key`, mode: 0o600, content: (pki) => clientOf(pki).pair.privateKey },
];

function controlPlaneFiles(etcdFiles: readonly SharedPkiFile[]): readonly SharedPkiFile[] {
  return [
    ...authorityFiles('ca'),
    ...etcdFiles,
    ...authorityFiles('frontProxyCa'),
    { path: SERVICE_ACCOUNT_KEY, mode: 0o600, content: (pki) => pki.serviceAccount.privateKey },
    { path: SERVICE_ACCOUNT_PUBLIC_KEY, mode: 0o600, content: (pki) => pki.serviceAccount.publicKey },
  ];
}

/** The files every control plane with an etcd of its own has alike. Source: kubeadm v1.25 (copycerts). */
export const SHARED_PKI_FILES: readonly SharedPkiFile[] = controlPlaneFiles(ETCD_AUTHORITY_FILES);

/** The files every control plane has alike. With etcd on its own hosts each has a client certificate of its own, which is not among them. */
export function sharedPkiFiles(etcd: EtcdTopology): readonly SharedPkiFile[] {
  if (etcd === 'stacked') return SHARED_PKI_FILES;
  return controlPlaneFiles(etcd === 'external' ? ETCD_CLIENT_FILES : ETCD_AUTHORITY_FILES.slice(0, 1));
}

/** A new CA of etcd, valid for ten years from `now`. */
export function createEtcdAuthority(now: Date): Promise<KeyPair> {
  return createAuthority(AUTHORITIES.etcdCa.commonName, now);
}

/** New CAs but that of etcd, valid for ten years from `now`, and service account keys. */
export async function createControlPlanePki(now: Date): Promise<SharedPki> {
  const [ca, frontProxyCa, serviceAccount] = await Promise.all([
    createAuthority(AUTHORITIES.ca.commonName, now),
    createAuthority(AUTHORITIES.frontProxyCa.commonName, now),
    newKey(),
  ]);
  return {
    ca,
    etcdCa: undefined,
    frontProxyCa,
    serviceAccount: { privateKey: serviceAccount.privateKey, publicKey: publicPem(serviceAccount.publicKey) },
  };
}

/** New CAs, valid for ten years from `now`, and service account keys. */
export async function createSharedPki(now: Date): Promise<SharedPki & { readonly etcdCa: KeyPair }> {
  const [pki, etcdCa] = await Promise.all([createControlPlanePki(now), createEtcdAuthority(now)]);
  return { ...pki, etcdCa };
}

type Files = ReadonlyMap<string, string | Secret>;

/**
 * etcd's authority from the files of a host with role etcd (path below the PKI folder → content); undefined when there is none.
 * @throws KbsError PKI_INVALID when it is incomplete or broken
 */
export function etcdAuthorityFromFiles(files: Files): KeyPair | undefined {
  if (ETCD_AUTHORITY_FILES.every(({ path }) => !files.has(path))) return undefined;
  const problems: string[] = [];
  const pair = authorityIn(files, 'etcdCa', problems);
  if (pair !== undefined) return pair;
  throw new KbsError('PKI_INVALID', `etcd's PKI cannot be used: ${problems.join('; ')}`, {
    details: problems,
    remedy: ['put the missing files back from another host of etcd', 'kbs reset, when there is no cluster to keep'],
  });
}

/** The way to etcd as a control plane has it; undefined when a part is missing: it is made or given anew. */
function etcdClientIn(files: Files): EtcdClient | undefined {
  const caCertificate = textOf(files.get(`${AUTHORITIES.etcdCa.file}.crt`));
  const certificate = textOf(files.get(`${ETCD_CLIENT}.crt`));
  const privateKey = secretOf(files.get(`${ETCD_CLIENT}.key`));
  if (caCertificate === undefined || certificate === undefined || privateKey === undefined) return undefined;
  return { caCertificate, pair: { certificate, privateKey } };
}

/** With an etcd of its own a control plane has the key of etcd's CA; else all it has is a client certificate. */
function topologyIn(files: Files): EtcdTopology {
  return files.has(`${AUTHORITIES.etcdCa.file}.key`) || !files.has(`${ETCD_CLIENT}.key`) ? 'stacked' : 'external';
}

/**
 * The shared PKI from the files of a control plane (path below the PKI folder → content), whoever made them; a missing
 * sa.pub is made from sa.key. undefined when none of the files is there.
 * @param etcd where the cluster's etcd is; default: what the files look like
 * @throws KbsError PKI_INVALID when some are there and others missing or broken; `details` names each
 */
export function sharedPkiFromFiles(files: Files, etcd: EtcdTopology = topologyIn(files)): SharedPki | undefined {
  const wanted = etcd === 'stacked' ? SHARED_PKI_FILES : controlPlaneFiles([]);
  if (wanted.every(({ path }) => !files.has(path))) return undefined;
  const problems: string[] = [];
  const ca = authorityIn(files, 'ca', problems);
  const etcdCa = etcd === 'stacked' ? authorityIn(files, 'etcdCa', problems) : undefined;
  const frontProxyCa = authorityIn(files, 'frontProxyCa', problems);
  const serviceAccount = serviceAccountIn(files, problems);
  if (ca === undefined || frontProxyCa === undefined || serviceAccount === undefined || problems.length > 0) {
    throw new KbsError('PKI_INVALID', `the cluster's PKI cannot be used: ${problems.join('; ')}`, {
      details: problems,
      remedy: ['put the missing files back from a backup or from another control plane', 'kbs reset, when there is no cluster to keep'],
    });
  }
  const base = { ca, etcdCa, frontProxyCa, serviceAccount };
  return etcd === 'stacked' ? base : { ...base, etcdClient: etcdClientIn(files) };
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
