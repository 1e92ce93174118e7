import { waitFor } from '../../engine/index.js';
import type { KubeApi, KubeObject } from '../../kube/index.js';
import {
  networkProblem,
  nodeOf,
  nodeProblem,
  podIpOf,
  readClusterState,
  readyProblem,
  systemPodProblems,
  type ClusterState,
} from './readiness.js';

/** What the waits of the proof have in common. */
export interface ReadinessWait {
  readonly api: KubeApi;
  /** Names of the nodes that count. */
  readonly nodes: readonly string[];
  readonly forMs: number;
  readonly signal: AbortSignal;
}

const EVERY_MS = 200;
const SHOWN = 4;

function shown(problems: readonly string[]): string {
  const more = problems.length - SHOWN;
  return `${problems.slice(0, SHOWN).join('; ')}${more > 0 ? `; and ${more} more` : ''}`;
}

type NodeLook = (state: ClusterState, name: string) => string | undefined;

async function waitForNodes(what: string, problemOf: NodeLook, { api, nodes, forMs, signal }: ReadinessWait): Promise<void> {
  await waitFor({
    what: `${nodes.length} nodes to ${what}`,
    everyMs: EVERY_MS,
    forMs,
    signal,
    remedy: ['kubectl --kubeconfig /etc/kubernetes/admin.conf get nodes,pods -A -o wide'],
    probe: async () => {
      const state = await readClusterState(api);
      const problems = nodes.flatMap((name) => {
        const problem = problemOf(state, name);
        return problem === undefined ? [] : [`${name} ${problem}`];
      });
      return problems.length === 0 ? { done: true, value: true } : { done: false, seen: shown(problems) };
    },
  });
}

/**
 * Waits until every node is Ready and has kube-proxy and, where it is kbs's, the pod network running.
 * @throws KbsError WAIT_TIMEOUT with what each node lacks
 */
export function waitForNodesReady(wait: ReadinessWait): Promise<void> {
  return waitForNodes('be Ready', nodeProblem, wait);
}

/**
 * Waits until every node has kube-proxy and the pod network running. A node can have them seconds before it says that it is Ready.
 * @throws KbsError WAIT_TIMEOUT with what each node lacks
 */
export function waitForNetworks(wait: ReadinessWait): Promise<void> {
  return waitForNodes('have their network', networkProblem, wait);
}

/**
 * Waits until every pod of the system's namespaces is Running and Ready, all of every workload being there.
 * @throws KbsError WAIT_TIMEOUT with the pods that are not
 */
export async function waitForSystemPods({ api, nodes, forMs, signal }: ReadinessWait): Promise<number> {
  return waitFor({
    what: 'the pods of the system to be ready',
    everyMs: EVERY_MS,
    forMs,
    signal,
    remedy: ['kubectl --kubeconfig /etc/kubernetes/admin.conf get pods -A -o wide'],
    probe: async () => {
      const state = await readClusterState(api);
      const problems = systemPodProblems(state, nodes);
      return problems.length === 0 ? { done: true, value: state.systemPods.length } : { done: false, seen: shown(problems) };
    },
  });
}

/** A pod of the proof that answers. */
export interface ProbePod {
  readonly node: string;
  readonly name: string;
  readonly ip: string;
}

function asProbePod(pod: KubeObject): ProbePod | undefined {
  const node = nodeOf(pod);
  const ip = podIpOf(pod);
  if (node === undefined || ip === undefined || pod.metadata.deletionTimestamp !== undefined || readyProblem(pod) !== undefined)
    return undefined;
  return { node, name: pod.metadata.name, ip };
}

/**
 * Waits until every node has its probe pod.
 * @returns in the order of `nodes`
 * @throws KbsError WAIT_TIMEOUT with what the missing ones are doing
 */
export async function waitForProbes(namespace: string, { api, nodes, forMs, signal }: ReadinessWait): Promise<readonly ProbePod[]> {
  return waitFor({
    what: `a probe pod on each of ${nodes.length} nodes`,
    everyMs: EVERY_MS,
    forMs,
    signal,
    probe: async () => {
      const pods = await api.list({ apiVersion: 'v1', kind: 'Pod' }, { namespace });
      const found = nodes.map((node) => pods.map(asProbePod).find((probe) => probe?.node === node));
      const probes = found.filter((probe) => probe !== undefined);
      if (probes.length === nodes.length) return { done: true, value: probes };
      const missing = nodes.filter((_node, index) => found[index] === undefined);
      const states = missing.map((node) => {
        const pod = pods.find((candidate) => nodeOf(candidate) === node);
        return `${node}: ${pod === undefined ? 'no pod yet' : (readyProblem(pod) ?? 'no address yet')}`;
      });
      return { done: false, seen: shown(states) };
    },
  });
}
