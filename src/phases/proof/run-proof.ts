import { KbsError } from '../../errors/index.js';
import type { KubeAccess, KubeApi } from '../../kube/index.js';
import type { ProofRow } from '../proof-row.js';
import { edgesBetween, proveEdges } from './edges.js';
import { collectEvidence } from './evidence.js';
import { createProbes, newProofNamespace, removeLeftovers, removeProof } from './probe-objects.js';
import { nodeProblem, readClusterState, systemPodProblems } from './readiness.js';
import { waitForNetworks, waitForNodesReady, waitForProbes, waitForSystemPods, type ReadinessWait } from './waits.js';

/** What a cluster has to prove. */
export interface ProofOptions {
  readonly kube: KubeAccess;
  /** agnhost, which answers and dials. */
  readonly image: string;
  /** Names of the nodes that have to be proven. */
  readonly nodes: readonly string[];
  /** `cluster.local` */
  readonly dnsDomain: string;
  readonly signal: AbortSignal;
  /** For everything together; default 240 000. */
  readonly timeoutMs?: number;
  /** Told what is waited for. */
  readonly onProgress?: (message: string) => void;
  /** Told of what could not be cleaned up. */
  readonly onWarning?: (message: string, remedy: readonly string[]) => void;
}

const TIMEOUT_MS = 240_000;
/** A wrong answer of the cluster's name server is remembered for 30 s by the server itself. */
const EDGE_PATIENCE_MS = 45_000;
const PROBES_WITHIN_MS = 90_000;
const CLEAN_UP_WITHIN_MS = 15_000;

interface Proof {
  readonly options: ProofOptions;
  readonly api: KubeApi;
  readonly namespace: string;
  /** Ends what still waits when the proof is over, one way or the other. */
  readonly signal: AbortSignal;
  readonly startedMs: number;
  readonly deadlineMs: number;
}

function wait({ options, api, signal, deadlineMs }: Proof, forMs = Number.POSITIVE_INFINITY): ReadinessWait {
  const leftMs = Math.max(deadlineMs - performance.now(), 0);
  return { api, nodes: options.nodes, signal, forMs: Math.round(Math.min(forMs, leftMs)) };
}

async function failure(proof: Proof, rows: readonly ProofRow[], cause?: unknown): Promise<KbsError> {
  const failed = rows.filter(({ ok }) => !ok);
  const nodes = new Set(proof.options.nodes.filter((node) => failed.some(({ edge }) => edge.split(' ').includes(node))));
  const evidence = await collectEvidence(proof.api, proof.namespace, nodes);
  const names = failed.map(({ edge, what }) => (edge.includes('→') ? edge : `${edge} (${what})`));
  return new KbsError('PROOF_FAILED', `the cluster does not carry traffic: ${names.join(', ')}`, {
    details: [...failed.map(({ edge, what, ms, detail }) => `${edge} (${what}) after ${(ms / 1000).toFixed(1)} s: ${detail}`), ...evidence],
    remedy: [
      'kubectl --kubeconfig /etc/kubernetes/admin.conf get nodes,pods -A -o wide',
      'kbs apply -f CLUSTER_FILE   # when the cause is gone; everything that is done stays done',
    ],
    ...(cause === undefined ? {} : { cause }),
  });
}

function isTimeout(error: unknown): error is KbsError {
  return error instanceof KbsError && error.code === 'WAIT_TIMEOUT';
}

/** Rows for the nodes as they are now. */
async function nodeRows(proof: Proof): Promise<readonly ProofRow[]> {
  const state = await readClusterState(proof.api);
  const ms = Math.round(performance.now() - proof.startedMs);
  return proof.options.nodes.map((edge) => {
    const problem = nodeProblem(state, edge);
    return { edge, what: 'node', ok: problem === undefined, ms, detail: problem ?? 'Ready' };
  });
}

async function proveNodes(proof: Proof): Promise<readonly ProofRow[]> {
  try {
    await waitForNodesReady(wait(proof));
  } catch (error) {
    if (isTimeout(error)) throw await failure(proof, await nodeRows(proof), error);
    throw error;
  }
  return nodeRows(proof);
}

async function proveSystemPods(proof: Proof): Promise<ProofRow> {
  const row = (ok: boolean, detail: string): ProofRow => ({
    edge: 'cluster',
    what: 'system pods',
    ok,
    ms: Math.round(performance.now() - proof.startedMs),
    detail,
  });
  try {
    return row(true, `${await waitForSystemPods(wait(proof))} pods ready`);
  } catch (error) {
    if (!isTimeout(error)) throw error;
    return row(false, systemPodProblems(await readClusterState(proof.api), proof.options.nodes).join('; '));
  }
}

async function proveTraffic(proof: Proof, systemPods: Promise<ProofRow>): Promise<readonly ProofRow[]> {
  const { api, namespace, options, signal } = proof;
  const probes = await waitForProbes(namespace, wait(proof, PROBES_WITHIN_MS));
  const service = await api.read({ apiVersion: 'v1', kind: 'Service', namespace, name: 'probe' });
  const ip = (service?.['spec'] as { clusterIP?: string } | undefined)?.clusterIP ?? '';
  const run = { api, namespace, signal };
  const edges = edgesBetween(probes, { ip, name: `probe.${namespace}.svc.${options.dnsDomain}` });
  const prove = (isDns: boolean): ReturnType<typeof proveEdges> => {
    const deadlineMs = Math.min(performance.now() + EDGE_PATIENCE_MS, proof.deadlineMs);
    return proveEdges(
      edges.filter(({ what }) => (what === 'cluster DNS') === isDns),
      { ...run, deadlineMs },
    );
  };
  // Names are asked for when the name servers are ready; packets need not wait for them.
  const [packets, names] = await Promise.all([prove(false), systemPods.then(() => prove(true))]);
  return [...packets, ...names];
}

async function prove(proof: Proof): Promise<readonly ProofRow[]> {
  const { api, namespace, options } = proof;
  const tell = options.onProgress ?? (() => undefined);
  tell(`waiting for ${options.nodes.length} nodes to be Ready`);
  const nodes = proveNodes(proof);
  // Waited for below; a rejection before that must not count as unhandled. The same holds for the system's pods.
  nodes.catch(() => undefined);
  // A probe that came before the network of its node would fail, and be tried again only after many seconds.
  await waitForNetworks(wait(proof)).catch(async (error: unknown) => {
    if (isTimeout(error)) throw await failure(proof, await nodeRows(proof), error);
    throw error;
  });
  tell('starting a probe pod on every node');
  await createProbes(api, namespace, options.image);
  const systemPods = proveSystemPods(proof);
  systemPods.catch(() => undefined);
  const traffic = await proveTraffic(proof, systemPods).catch(async (error: unknown) => {
    if (!isTimeout(error)) throw error;
    throw await failure(proof, [probeRow(proof, error)], error);
  });
  const rows = [...(await nodes), await systemPods, ...traffic];
  if (rows.some(({ ok }) => !ok)) throw new FailedRows(rows, await failure(proof, rows));
  return rows;
}

function probeRow({ startedMs }: Proof, error: KbsError): ProofRow {
  return { edge: 'probe pods', what: 'system pods', ok: false, ms: Math.round(performance.now() - startedMs), detail: error.message };
}

/** Carries the rows of a failed proof to where they are handed on. */
class FailedRows extends Error {
  constructor(
    readonly rows: readonly ProofRow[],
    readonly error: KbsError,
  ) {
    super(error.message);
  }
}

/** With a signal of its own: it also runs when the proof was cancelled. */
async function cleanUp({ kube, onWarning }: ProofOptions, namespace: string): Promise<void> {
  try {
    await removeProof(await kube.connect(AbortSignal.timeout(CLEAN_UP_WITHIN_MS)), namespace);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    onWarning?.(`namespace ${namespace} could not be removed: ${message}`, [
      `kubectl --kubeconfig /etc/kubernetes/admin.conf delete namespace ${namespace}   # the next proof does it too`,
    ]);
  }
}

/**
 * Proves that a cluster works: every node Ready, every system pod ready, and from a pod on each node to one on each other
 * node, to a service and to a name. Takes away what it made, also when it fails or is cancelled; what a killed run left
 * is taken away by the next one.
 * @param onRows told the rows, also those of a proof that failed on the way
 * @throws KbsError PROOF_FAILED naming the edges, with evidence; KUBE_UNREACHABLE, CANCELLED
 */
export async function runProof(
  options: ProofOptions,
  onRows: (rows: readonly ProofRow[]) => void = () => undefined,
): Promise<readonly ProofRow[]> {
  const startedMs = performance.now();
  const api = await options.kube.connect(options.signal);
  const over = new AbortController();
  const proof: Proof = {
    options,
    api,
    namespace: newProofNamespace(),
    signal: AbortSignal.any([options.signal, over.signal]),
    startedMs,
    deadlineMs: startedMs + (options.timeoutMs ?? TIMEOUT_MS),
  };
  await removeLeftovers(api);
  try {
    const rows = await prove(proof);
    onRows(rows);
    return rows;
  } catch (error) {
    if (!(error instanceof FailedRows)) throw error;
    onRows(error.rows);
    throw error.error;
  } finally {
    over.abort();
    await cleanUp(options, proof.namespace);
  }
}
