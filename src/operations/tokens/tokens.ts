import { BOOTSTRAP_TOKENS, CONFIG_MAPS, hostPort, NAMESPACES } from '../../constants/index.js';
import { endpointOfServer } from '../../discovery/index.js';
import { KbsError } from '../../errors/index.js';
import type { EventBus } from '../../events/index.js';
import type { KubeApi, KubeObject, ObjectRef } from '../../kube/index.js';
import { parseClusterInfo } from '../../kubeconfig/index.js';
import { bootstrapTokenSecret, waitForSignature, type PkiSource } from '../../phases/index.js';
import {
  caCertHash,
  createBootstrapToken,
  createCertificateKey,
  parseBootstrapToken,
  parseCertificateKey,
  type BootstrapToken,
} from '../../pki/index.js';
import type { Secret } from '../../secret/index.js';
import { hideToken, joinWords, type JoinWords } from '../join-words.js';
import { withApi, type ApiPlace } from './access.js';
import { checkUploadedCertificates, uploadCertificates } from './upload-certificates.js';

/** A token that was made, and how machines join with it. */
export interface CreatedToken extends JoinWords {
  readonly token: string;
  readonly command: string;
  /** ISO 8601; absent: never. */
  readonly expires?: string;
  /** When the certificates that were uploaded go; ISO 8601. */
  readonly certificatesExpire?: string;
}

/** What `kbs token create` was asked for. */
export interface WantedToken {
  /** undefined: a new one. */
  readonly token: Secret | undefined;
  /** Milliseconds; undefined: for ever. */
  readonly ttlMs: number | undefined;
  readonly description: string;
  /** Key of uploaded certificates, for the command of control planes. undefined: a new one with an upload, else none. */
  readonly certificateKey?: Secret | undefined;
  readonly uploadsCertificates?: boolean;
}

/** A bootstrap token of a cluster. */
export interface TokenRow {
  readonly id: string;
  /** The whole token; only when it was asked for. */
  readonly token?: string;
  /** ISO 8601; absent: never. */
  readonly expires?: string;
  readonly usages: readonly string[];
  readonly description: string;
  readonly groups: readonly string[];
}

const TOKEN_ID = /^[a-z0-9]{6}$/;
const USAGE = 'usage-bootstrap-';

function secretRef(id: string): ObjectRef {
  return { apiVersion: 'v1', kind: 'Secret', namespace: NAMESPACES.system, name: `${BOOTSTRAP_TOKENS.secretPrefix}${id}` };
}

/** Server and CA as the cluster tells them to everybody. @throws KbsError STEP_MISSING without cluster-info */
export async function readClusterAccess(api: KubeApi) {
  const info = await api.read({ apiVersion: 'v1', kind: 'ConfigMap', namespace: NAMESPACES.public, name: CONFIG_MAPS.clusterInfo });
  const text = (info?.['data'] as Readonly<Record<string, string>> | undefined)?.['kubeconfig'];
  if (text !== undefined) return parseClusterInfo(text);
  throw new KbsError('STEP_MISSING', 'the cluster has no ConfigMap cluster-info: no machine can join with a token', {
    remedy: ['kbs apply -f CLUSTER_FILE', 'kubeadm init phase bootstrap-token   # on a control plane'],
  });
}

/** The key control planes need, and how long what it opens is there. */
async function certificatesFor(api: KubeApi, pki: PkiSource, wanted: WantedToken, bus: EventBus) {
  const { uploadsCertificates = false } = wanted;
  if (!uploadsCertificates && wanted.certificateKey === undefined) return undefined;
  const certificateKey = wanted.certificateKey === undefined ? createCertificateKey() : parseCertificateKey(wanted.certificateKey);
  bus.hide(certificateKey);
  if (uploadsCertificates) {
    const expires = await uploadCertificates(api, { pki: await pki.shared(), certificateKey, now: new Date() });
    return { certificateKey, told: { certificatesExpire: expires.toISOString() } };
  }
  await checkUploadedCertificates(api, certificateKey);
  return { certificateKey, told: {} };
}

/**
 * Puts a bootstrap token into a cluster and waits until machines can join with it.
 * @returns with it when it expires, ISO 8601; undefined: never
 * @throws KbsError USAGE when there is a token of this name, WAIT_TIMEOUT
 */
export async function makeToken(
  api: KubeApi,
  wanted: WantedToken,
  { bus, signal }: { readonly bus: EventBus; readonly signal: AbortSignal },
): Promise<{ readonly token: BootstrapToken; readonly expires: string | undefined }> {
  const token = wanted.token === undefined ? createBootstrapToken() : parseBootstrapToken(wanted.token);
  hideToken(bus, token);
  if ((await api.read(secretRef(token.id))) !== undefined) {
    throw new KbsError('USAGE', `there is a bootstrap token ${token.id} already`, { remedy: [`kbs token delete ${token.id}`] });
  }
  const expires = wanted.ttlMs === undefined ? undefined : new Date(Date.now() + wanted.ttlMs);
  await api.apply(bootstrapTokenSecret({ token, description: wanted.description, expires }));
  await waitForSignature(api, token, signal);
  return { token, expires: expires?.toISOString() };
}

/**
 * Makes a bootstrap token and waits until machines can join with it; where it is asked for, control planes too.
 * @throws KbsError USAGE when there is a token of this name, KUBE_UNREACHABLE, WAIT_TIMEOUT; CERTIFICATE_KEY_REFUSED or STEP_MISSING
 * for a key that opens nothing in the cluster
 */
export async function createToken(place: ApiPlace, wanted: WantedToken): Promise<CreatedToken> {
  const { bus, signal } = place.kind === 'file' ? place.input : place;
  // Told before any host is asked.
  if (wanted.token !== undefined) parseBootstrapToken(wanted.token);
  if (wanted.certificateKey !== undefined) parseCertificateKey(wanted.certificateKey);
  return withApi(place, async (api, pki) => {
    const { server, caCertificate } = await readClusterAccess(api);
    const certificates = await certificatesFor(api, pki, wanted, bus);
    const { token, expires } = await makeToken(api, wanted, { bus, signal });
    const { host, port } = endpointOfServer(server);
    const caHashes = [caCertHash(caCertificate)];
    const words = joinWords({ endpoint: hostPort(host, port), caHashes, token, certificateKey: certificates?.certificateKey });
    return { ...words, ...(expires === undefined ? {} : { expires }), ...certificates?.told };
  });
}

function rowOf(secret: KubeObject, showsSecrets: boolean): TokenRow {
  const data = (secret['data'] ?? {}) as Readonly<Record<string, string>>;
  const text = (key: string): string => Buffer.from(data[key] ?? '', 'base64').toString('utf8');
  const expires = text('expiration');
  return {
    id: text('token-id'),
    ...(showsSecrets ? { token: `${text('token-id')}.${text('token-secret')}` } : {}),
    ...(expires === '' ? {} : { expires: new Date(expires).toISOString() }),
    usages: Object.keys(data)
      .filter((key) => key.startsWith(USAGE) && text(key) === 'true')
      .map((key) => key.slice(USAGE.length)),
    description: text('description'),
    groups: text('auth-extra-groups')
      .split(',')
      .filter((group) => group !== ''),
  };
}

/** The bootstrap tokens of a cluster. */
export function listTokens(place: ApiPlace, options: { readonly showsSecrets: boolean }): Promise<readonly TokenRow[]> {
  return withApi(place, async (api) => {
    const fieldSelector = `type=${BOOTSTRAP_TOKENS.secretType}`;
    const secrets = await api.list({ apiVersion: 'v1', kind: 'Secret' }, { namespace: NAMESPACES.system, fieldSelector });
    return secrets.map((secret) => rowOf(secret, options.showsSecrets));
  });
}

/** Identifier of a token, of which the whole may be given. @throws KbsError USAGE; the message does not show the token */
function idOf(given: string): string {
  return TOKEN_ID.test(given) ? given : parseBootstrapToken(given).id;
}

/**
 * Takes bootstrap tokens out of the cluster: nobody joins with them any more.
 * @param given identifiers, or whole tokens
 * @throws KbsError USAGE for one that is not there; the others are gone then
 */
export function deleteTokens(place: ApiPlace, given: readonly string[]): Promise<readonly string[]> {
  const ids = given.map(idOf);
  return withApi(place, async (api) => {
    const answers = await Promise.all(ids.map((id) => api.delete(secretRef(id))));
    const absent = ids.filter((_id, index) => answers[index] === false);
    if (absent.length === 0) return ids;
    throw new KbsError('USAGE', `there is no bootstrap token ${absent.join(', ')}`, { remedy: ['kbs token list'] });
  });
}
