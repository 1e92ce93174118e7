import { BOOTSTRAP_TOKENS, CONFIG_MAPS, NAMESPACES } from '../../constants/index.js';
import { step, waitFor, type Phase } from '../../engine/index.js';
import type { KubeApi, KubeObject, ObjectRef } from '../../kube/index.js';
import type { BootstrapToken } from '../../pki/index.js';
import { bootstrapTokenSecret } from '../cluster-objects/index.js';
import type { RunContext } from '../context.js';

/** A bootstrap token the cluster shall take. */
export interface NewBootstrapToken {
  readonly token: BootstrapToken;
  /** Milliseconds from when it is made; undefined: for ever. */
  readonly ttlMs: number | undefined;
  readonly description: string;
}

const SIGNATURE_WAIT_MS = 90_000;

function secretRef({ id }: BootstrapToken): ObjectRef {
  return { apiVersion: 'v1', kind: 'Secret', namespace: NAMESPACES.system, name: `${BOOTSTRAP_TOKENS.secretPrefix}${id}` };
}

function decoded(secret: KubeObject | undefined, key: string): string | undefined {
  const value = (secret?.['data'] as Readonly<Record<string, string>> | undefined)?.[key];
  return value === undefined ? undefined : Buffer.from(value, 'base64').toString('utf8');
}

/** Whether a Secret is that of the token and good for more than a moment. */
function isCurrent(secret: KubeObject | undefined, { token }: NewBootstrapToken, now: Date): boolean {
  if (decoded(secret, 'token-secret') !== token.secret.reveal()) return false;
  const expiration = decoded(secret, 'expiration');
  return expiration === undefined || new Date(expiration).getTime() > now.getTime();
}

/**
 * Waits until cluster-info is signed with a token: from then on nodes can join with it.
 * @throws KbsError WAIT_TIMEOUT
 */
export async function waitForSignature(api: KubeApi, { id }: BootstrapToken, signal: AbortSignal): Promise<void> {
  await waitFor({
    what: `cluster-info to be signed with bootstrap token ${id}`,
    forMs: SIGNATURE_WAIT_MS,
    signal,
    remedy: ['crictl logs $(crictl ps -a --name kube-controller-manager -q | head -n 1) 2>&1 | tail   # on a control plane: it signs'],
    probe: async () => {
      const info = await api.read({ apiVersion: 'v1', kind: 'ConfigMap', namespace: NAMESPACES.public, name: CONFIG_MAPS.clusterInfo });
      if (info === undefined) return { done: false, seen: 'there is no ConfigMap cluster-info' };
      const data = info['data'] as Readonly<Record<string, string>> | undefined;
      if (data?.[`${BOOTSTRAP_TOKENS.signaturePrefix}${id}`] !== undefined) return { done: true, value: true };
      return { done: false, seen: 'cluster-info without its signature' };
    },
  });
}

/** Puts a bootstrap token into the cluster and waits until nodes can join with it. */
export function bootstrapTokenPhase(wanted: NewBootstrapToken): Phase<Pick<RunContext, 'kube' | 'now'>> {
  const { token, ttlMs, description } = wanted;
  return {
    name: 'bootstrap-token',
    title: 'Make a bootstrap token',
    summary: 'puts a bootstrap token into the cluster, with which further machines join',
    on: 'cluster',
    after: ['cluster-objects'],
    steps: ({ kube, now }) => [
      step<boolean>({
        id: 'bootstrap-token/secret',
        title: 'Make a bootstrap token',
        timeoutMs: SIGNATURE_WAIT_MS + 60_000,
        async probe(_host, { signal }) {
          const api = await kube.tryConnect(signal);
          return isCurrent(await api?.read(secretRef(token)), wanted, now());
        },
        plan: (current) => (current ? { change: 'none' } : { change: 'create', summary: `make bootstrap token ${token.id}` }),
        async apply(_host, _seen, { signal }) {
          const api = await kube.connect(signal);
          const expires = ttlMs === undefined ? undefined : new Date(now().getTime() + ttlMs);
          await api.apply(bootstrapTokenSecret({ token, description, expires }));
        },
        verify: async (_host, { signal }) => waitForSignature(await kube.connect(signal), token, signal),
      }),
    ],
  };
}
