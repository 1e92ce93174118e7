import { MIRROR_POD_ANNOTATION } from '../../constants/index.js';
import type { KubeApi, KubeObject } from '../../kube/index.js';
import { nodeOf, readClusterState, readyProblem, restartsOf, type ClusterState } from './readiness.js';

const LOG_LINES = 4;
const EVENTS = 8;
const LOGS = 6;
const NETWORK_PODS = /^(kube-proxy|kube-flannel|kube-router|coredns)-/;

function nameOf({ metadata: { namespace = '', name } }: KubeObject): string {
  return `${namespace}/${name}`;
}

function stateLine(object: KubeObject): string {
  const problem = readyProblem(object) ?? 'Ready';
  if (object.kind === 'Node') return `node ${object.metadata.name}: ${problem}`;
  return [`pod ${nameOf(object)} on ${nodeOf(object) ?? 'no node'}: ${problem}`, ...restartsOf(object)].join('; ');
}

async function lastLog(api: KubeApi, pod: KubeObject): Promise<readonly string[]> {
  const { namespace = '', name } = pod.metadata;
  const { containers = [] } = (pod['spec'] ?? {}) as { containers?: readonly { readonly name: string }[] };
  const query = new URLSearchParams({ tailLines: String(LOG_LINES), container: containers[0]?.name ?? '' });
  const { status, body } = await api.request('GET', `/api/v1/namespaces/${namespace}/pods/${name}/log?${query.toString()}`);
  if (status !== 200) return [`${nameOf(pod)}: no log: ${body.trim().slice(0, 200)}`];
  return body
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => `${nameOf(pod)}: ${line}`);
}

interface EventFields {
  readonly type?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly lastTimestamp?: string | null;
  readonly involvedObject?: { readonly kind?: string; readonly name?: string };
}

async function warnings(api: KubeApi, namespaces: readonly string[]): Promise<readonly string[]> {
  const lists = await Promise.all(
    namespaces.map((namespace) => api.list({ apiVersion: 'v1', kind: 'Event' }, { namespace, fieldSelector: 'type=Warning' })),
  );
  return lists
    .flat()
    .map((event) => event as KubeObject & EventFields)
    .sort((one, other) => (other.lastTimestamp ?? '').localeCompare(one.lastTimestamp ?? ''))
    .slice(0, EVENTS)
    .map(
      ({ involvedObject, reason, message }) =>
        `event ${involvedObject?.kind ?? ''} ${involvedObject?.name ?? ''}: ${reason ?? ''}: ${message ?? ''}`,
    );
}

/** Pods whose last lines are likely to say why traffic does not flow on these nodes. */
function worthReading(state: ClusterState, nodes: ReadonlySet<string>): readonly KubeObject[] {
  const isSuspect = (pod: KubeObject): boolean => {
    if (pod.metadata.annotations?.[MIRROR_POD_ANNOTATION] !== undefined && readyProblem(pod) === undefined) return false;
    return readyProblem(pod) !== undefined || (NETWORK_PODS.test(pod.metadata.name) && nodes.has(nodeOf(pod) ?? ''));
  };
  return state.systemPods
    .filter(isSuspect)
    .sort((one, other) => Number(readyProblem(other) !== undefined) - Number(readyProblem(one) !== undefined))
    .slice(0, LOGS);
}

/**
 * What the cluster says about a proof that failed: states of nodes and pods, warnings, last log lines. One entry a line.
 * @param nodes names of the nodes of edges that failed
 */
export async function collectEvidence(api: KubeApi, namespace: string, nodes: ReadonlySet<string>): Promise<readonly string[]> {
  const [state, probes] = await Promise.all([readClusterState(api), api.list({ apiVersion: 'v1', kind: 'Pod' }, { namespace })]);
  const suspects = worthReading(state, nodes);
  const objects = [
    ...state.nodes.filter((node) => nodes.has(node.metadata.name) || readyProblem(node) !== undefined),
    ...probes.filter((pod) => nodes.has(nodeOf(pod) ?? '') || readyProblem(pod) !== undefined),
    ...suspects,
  ];
  const [events, logs] = await Promise.all([
    warnings(api, [namespace, 'kube-system', 'kube-flannel']),
    Promise.all(suspects.map((pod) => lastLog(api, pod))),
  ]);
  return [...new Set(objects.map(stateLine)), ...events, ...logs.flat()];
}
