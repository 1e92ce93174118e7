import { setMaxListeners } from 'node:events';
import { waitFor } from '../../engine/index.js';
import { KbsError, messageOf } from '../../errors/index.js';
import type { KubeAccess, KubeApi } from '../../kube/index.js';
import { CHECKS } from './checks/index.js';
import { collectEvidence } from './evidence.js';
import { findLeftovers, removeNamespace, removeVerifications } from './leftovers.js';
import { NoPods, row } from './row.js';
import { createStage, type StageOptions } from './stage.js';
import type { Check, Stage, VerifyProfile, VerifyRow } from './types.js';

/** What is verified, and how. */
export interface VerifyOptions extends Omit<StageOptions, 'api' | 'deadlineMs' | 'slack' | 'makeRoom'> {
  readonly kube: KubeAccess;
  /** Names of checks that are left out: what is not to be expected now. */
  readonly without?: readonly string[];
  /** For everything but cleaning up; default 75 000, for a cluster that comes up 240 000. With more of it every row has more patience. */
  readonly timeoutMs?: number;
  /** Told how far it is. */
  readonly onProgress?: (message: string) => void;
  /** Told of what could not be cleaned up. */
  readonly onWarning?: (message: string, remedy: readonly string[]) => void;
}

/** What a verification found. */
export interface Verification {
  readonly rows: readonly VerifyRow[];
  /** What the cluster says about rows that failed, one entry a line; empty when none did. */
  readonly evidence: readonly string[];
}

const TIMEOUT_MS = { standing: 75_000, comingUp: 240_000 } as const;
const CLEAN_UP_MS = 25_000;

/** The checks of a profile. */
export function checksOf(profile: VerifyProfile, checks: readonly Check[] = CHECKS): readonly Check[] {
  return checks.filter((check) => profile === 'full' || check.profile === 'quick');
}

/** One check; what it throws is a row of it, unless the run is over. */
async function runCheck(stage: Stage, check: Check): Promise<readonly VerifyRow[]> {
  let rows: readonly VerifyRow[] = [];
  const whole = await row(stage, check.name, check.name, async () => {
    // What the small profile looks at by itself need not wait for pods of ours.
    if (check.profile === 'full') await stage.open();
    rows = await check.run(stage).catch((error: unknown) => {
      if (error instanceof NoPods) return [error.row];
      throw error;
    });
    return '';
  });
  return whole.status === 'ok' ? rows : [whole];
}

async function runChecks(stage: Stage, { profile, without = [], onProgress }: VerifyOptions): Promise<readonly VerifyRow[]> {
  const checks = checksOf(profile).filter(({ name }) => !without.includes(name));
  let done = 0;
  const settled = await Promise.allSettled(
    checks.map(async (check) => {
      const rows = await runCheck(stage, check);
      onProgress?.(`${++done} of ${checks.length} checks done`);
      return rows;
    }),
  );
  const rows = settled.flatMap((result) => {
    if (result.status === 'rejected') throw result.reason as Error;
    return result.value;
  });
  // That there are no pods is told once.
  return [...new Set(rows)];
}

/**
 * Takes away what all verifications made, and waits until it is gone; at the end of an operation only what this one made, without waiting
 * for the namespace. With a signal of its own: it also runs after Ctrl-C.
 */
async function cleanUp({ kube, hosts, isComingUp, onWarning }: VerifyOptions, { namespace }: Stage): Promise<void> {
  try {
    const signal = AbortSignal.timeout(CLEAN_UP_MS + 5_000);
    const api = await kube.connect(signal);
    if (isComingUp === true) return await removeNamespace(api, namespace, 'quick');
    await removeVerifications(api, hosts);
    await waitFor({
      what: 'everything that was made to be gone',
      forMs: CLEAN_UP_MS,
      signal,
      probe: async () => {
        const left = await findLeftovers(api);
        return left.length === 0 ? { done: true, value: undefined } : { done: false, seen: left.join(', ') };
      },
    });
  } catch (error) {
    const message = messageOf(error);
    onWarning?.(`what was made for the verification is not gone yet: ${message}`, [
      'kubectl get namespaces,crd,pv -l kbs.dev/verify   # what is left; the next kbs verify takes it away',
    ]);
  }
}

async function evidenceFor(api: KubeApi, stage: Stage, rows: readonly VerifyRow[]): Promise<readonly string[]> {
  const failed = rows.filter(({ status }) => status === 'failed');
  if (failed.length === 0) return [];
  const nodes = stage.hosts.map(({ name }) => name).filter((node) => failed.some(({ edge }) => edge.split(/[ ,]/).includes(node)));
  return collectEvidence(api, stage.namespace, new Set(nodes));
}

/**
 * Looks at everything a profile names, all at once, with pods of its own, and takes away what it made, also after Ctrl-C;
 * what a killed run left is taken away by the next one.
 * @throws KbsError KUBE_UNREACHABLE, KUBE_API when the stage cannot be made, CANCELLED; never for a row that is red
 */
export async function runVerification(options: VerifyOptions): Promise<Verification> {
  const { hosts, isComingUp = false, onProgress } = options;
  const api: KubeApi = await options.kube.connect(options.signal);
  onProgress?.(isComingUp ? `waiting for ${hosts.length} nodes to be ready` : 'making room');
  // One of our own: every row that waits listens to it, and Node warns of more than ten.
  const over = new AbortController();
  const signal = AbortSignal.any([options.signal, over.signal]);
  setMaxListeners(0, signal);
  const usualMs = isComingUp ? TIMEOUT_MS.comingUp : TIMEOUT_MS.standing;
  const timeoutMs = options.timeoutMs ?? usualMs;
  const slack = Math.max(timeoutMs / usualMs, 1);
  // Folders are left by a full one only, and seen to by the next that a person starts.
  const makeRoom = (): Promise<void> => removeVerifications(api, isComingUp ? [] : hosts);
  const stage = createStage({ ...options, api, signal, deadlineMs: performance.now() + timeoutMs, slack, makeRoom });
  try {
    const [rows] = await Promise.all([runChecks(stage, options), opened(stage)]);
    return { rows, evidence: await evidenceFor(api, stage, rows) };
  } finally {
    // What still looks, because the stage could not be made, stops.
    over.abort();
    await cleanUp(options, stage);
  }
}

/** @throws KbsError when the stage cannot be made; that it was waited for in vain is told by rows */
async function opened(stage: Stage): Promise<void> {
  await stage.open().catch((error: unknown) => {
    if (!(error instanceof KbsError) || error.code !== 'WAIT_TIMEOUT') throw error;
  });
}

/**
 * The error of a verification with red rows; undefined when there is none.
 * @param again the command that proves it when the cause is gone
 */
export function verificationError({ rows, evidence }: Verification, again = 'kbs verify -f CLUSTER_FILE'): KbsError | undefined {
  const failed = rows.filter(({ status }) => status === 'failed');
  if (failed.length === 0) return undefined;
  return new KbsError('PROOF_FAILED', `the cluster does not do what it must: ${failed.map(({ edge }) => edge).join(', ')}`, {
    details: [
      ...failed.map(({ check, edge, ms, detail }) => `${edge} (${check}) after ${(ms / 1000).toFixed(1)} s: ${detail}`),
      ...evidence,
    ],
    remedy: ['kubectl --kubeconfig /etc/kubernetes/admin.conf get nodes,pods -A -o wide', `${again}   # when the cause is gone`],
  });
}
