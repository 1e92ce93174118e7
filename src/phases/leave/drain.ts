import { setTimeout as sleep } from 'node:timers/promises';
import type { StepContext } from '../../engine/index.js';
import { KbsError } from '../../errors/index.js';
import { jsonFields } from '../../json/index.js';
import { atOnce, type KubeApi, type KubeObject } from '../../kube/index.js';
import { hasNoController, podLabel, podsToMove } from './pods.js';

/** How a node is emptied. */
export interface DrainOptions {
  readonly node: string;
  /** For all pods together. */
  readonly timeoutMs: number;
  /** Pods without a controller go too, and what has not left in time is deleted in spite of its PodDisruptionBudget. */
  readonly force: boolean;
}

const AT_ONCE = 8;
const BODY_LIMIT = 300;
const PAUSE_MS = 1_000;
const FORCED_WAIT_MS = 60_000;

interface Refusal {
  readonly pod: string;
  /** In the API server's words: which budget. */
  readonly why: string;
}

interface StatusJson {
  readonly message?: string;
  readonly details?: { readonly causes?: readonly { readonly message?: string }[] };
}

function saidIn(body: string): string {
  const { message = body.slice(0, BODY_LIMIT), details } = jsonFields(body) as StatusJson;
  return [message, ...(details?.causes ?? []).map((cause) => cause.message ?? '')].filter((part) => part !== '').join(' ');
}

/** Asks for one eviction: undefined when it was granted, or is not needed any more. */
async function evict(api: KubeApi, pod: KubeObject): Promise<Refusal | undefined> {
  const { namespace = '', name } = pod.metadata;
  const { status, body } = await api.request('POST', `/api/v1/namespaces/${namespace}/pods/${name}/eviction`, {
    body: JSON.stringify({ apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace } }),
  });
  if (status < 300 || status === 404 || status === 409) return undefined;
  // 429: a budget is used up. 500: several budgets for one pod, which evictions do not know how to serve.
  if (status === 429 || status === 500) return { pod: podLabel(pod), why: saidIn(body) };
  throw new KbsError('KUBE_API', `pod ${podLabel(pod)} cannot be evicted: ${status} ${saidIn(body)}`);
}

async function evictAll(api: KubeApi, pods: readonly KubeObject[]): Promise<readonly Refusal[]> {
  const staying = pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  const refusals = await atOnce(AT_ONCE, staying, (pod) => evict(api, pod));
  return refusals.filter((refusal) => refusal !== undefined);
}

async function deleteAll(api: KubeApi, pods: readonly KubeObject[]): Promise<void> {
  await atOnce(AT_ONCE, pods, ({ metadata: { name, namespace = '' } }) => api.delete({ apiVersion: 'v1', kind: 'Pod', name, namespace }));
}

function blocked({ node, timeoutMs }: DrainOptions, pods: readonly KubeObject[], refusals: readonly Refusal[]): KbsError {
  const why = (pod: KubeObject): string => refusals.find((refusal) => refusal.pod === podLabel(pod))?.why ?? 'has not ended yet';
  const who = pods.length === 1 ? '1 pod has' : `${pods.length} pods have`;
  return new KbsError('DRAIN_BLOCKED', `${who} not left ${node} within ${timeoutMs / 1000} s`, {
    details: pods.map((pod) => `${podLabel(pod)}: ${why(pod)}`),
    remedy: [
      'kubectl get poddisruptionbudgets -A   # and: are their pods healthy on other nodes?',
      'run the same command again with --drain-timeout 15m   # gives them more time',
      'run the same command again with --force   # deletes them in spite of their budgets',
      `kbs node uncordon ${node} -f CLUSTER_FILE   # lets pods come to the node again`,
    ],
  });
}

/** @throws KbsError DRAIN_BLOCKED before any pod is touched */
export function refuseUncontrolled({ node, force }: Pick<DrainOptions, 'node' | 'force'>, pods: readonly KubeObject[]): void {
  const lost = force ? [] : pods.filter(hasNoController);
  if (lost.length === 0) return;
  throw new KbsError('DRAIN_BLOCKED', `pods on ${node} have no controller that would make them again elsewhere`, {
    details: lost.map(podLabel),
    remedy: [
      ...lost
        .slice(0, 3)
        .map(({ metadata: { namespace = '', name } }) => `kubectl -n ${namespace} delete pod ${name}   # if it is not needed`),
      'run the same command again with --force   # deletes them',
    ],
  });
}

/**
 * Moves the pods off a cordoned node by evictions, which honour PodDisruptionBudgets, until none is left.
 * @throws KbsError DRAIN_BLOCKED naming each pod that is left, and its budget
 */
export async function drainNode(
  api: KubeApi,
  options: DrainOptions,
  { signal, progress }: Pick<StepContext, 'signal' | 'progress'>,
): Promise<void> {
  const startedMs = performance.now();
  let forcedMs: number | undefined;
  for (;;) {
    const pods = await podsToMove(api, options.node);
    if (pods.length === 0) return;
    refuseUncontrolled(options, pods);
    const refusals = forcedMs === undefined ? await evictAll(api, pods) : [];
    progress(`${pods.length} pods left${refusals.length === 0 ? '' : `, ${refusals.length} of them held by a PodDisruptionBudget`}`);
    const isLate = performance.now() - startedMs > options.timeoutMs;
    if (isLate && !options.force) throw blocked(options, pods, refusals);
    if (isLate && forcedMs === undefined) {
      await deleteAll(api, pods);
      forcedMs = performance.now();
    }
    if (forcedMs !== undefined && performance.now() - forcedMs > FORCED_WAIT_MS) throw blocked(options, pods, refusals);
    // A pause cut short by the signal is told from a whole one by the next line.
    await sleep(PAUSE_MS, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) throw new KbsError('CANCELLED', `cancelled while ${options.node} was drained; it stays cordoned`);
  }
}
