import { FLANNEL_DAEMON_SET, NAMESPACES, NODE_KEYS } from '../../constants/index.js';
import type { KubeApi, KubeObject } from '../../kube/index.js';

/** Part of a Node's or Pod's status. */
interface ObjectStatus {
  readonly phase?: string;
  readonly podIP?: string;
  readonly conditions?: readonly { readonly type: string; readonly status: string; readonly reason?: string; readonly message?: string }[];
  readonly containerStatuses?: readonly ContainerStatus[];
  readonly initContainerStatuses?: readonly ContainerStatus[];
}

interface ContainerState {
  readonly reason?: string;
  readonly message?: string;
  /** Of one that has ended. */
  readonly exitCode?: number;
  /** RFC 3339. */
  readonly finishedAt?: string;
}

interface ContainerStatus {
  readonly name: string;
  readonly ready: boolean;
  readonly restartCount?: number;
  readonly state?: Readonly<Record<string, ContainerState | undefined>>;
  /** How it was before it was started the last time. */
  readonly lastState?: { readonly terminated?: ContainerState };
}

interface WorkloadStatus {
  readonly observedGeneration?: number;
  readonly desiredNumberScheduled?: number;
  readonly currentNumberScheduled?: number;
  readonly replicas?: number;
  readonly updatedReplicas?: number;
}

/** Namespaces whose pods carry the cluster. */
const SYSTEM_NAMESPACES = [NAMESPACES.system, NAMESPACES.flannel] as const;

/** DaemonSets without which a node carries no traffic; those that exist must have a ready pod on every node. */
const NODE_DAEMON_SETS = [
  { namespace: NAMESPACES.system, name: 'kube-proxy' },
  { namespace: NAMESPACES.flannel, name: FLANNEL_DAEMON_SET },
  { namespace: NAMESPACES.system, name: 'calico-node' },
  { namespace: NAMESPACES.system, name: 'kube-router' },
] as const;

/** What the API says of the cluster at one moment. */
export interface ClusterState {
  readonly nodes: readonly KubeObject[];
  readonly systemPods: readonly KubeObject[];
  readonly daemonSets: readonly KubeObject[];
  readonly deployments: readonly KubeObject[];
}

/** Reads nodes, system pods and their workloads at once. */
export async function readClusterState(api: KubeApi): Promise<ClusterState> {
  const inSystem = async (apiVersion: string, kind: string): Promise<readonly KubeObject[]> =>
    (await Promise.all(SYSTEM_NAMESPACES.map((namespace) => api.list({ apiVersion, kind }, { namespace })))).flat();
  const [nodes, systemPods, daemonSets, deployments] = await Promise.all([
    api.list({ apiVersion: 'v1', kind: 'Node' }),
    inSystem('v1', 'Pod'),
    inSystem('apps/v1', 'DaemonSet'),
    inSystem('apps/v1', 'Deployment'),
  ]);
  return { nodes, systemPods, daemonSets, deployments };
}

function statusOf(object: KubeObject): ObjectStatus {
  return object['status'] ?? {};
}

/** The node a pod is bound to. */
export function nodeOf(pod: KubeObject): string | undefined {
  return (pod['spec'] as { nodeName?: string } | undefined)?.nodeName;
}

/** Address of a pod; undefined as long as it has none. */
export function podIpOf(pod: KubeObject): string | undefined {
  return statusOf(pod).podIP;
}

/** Why an object is not Ready by its own condition; undefined when it is. */
export function readyProblem(object: KubeObject): string | undefined {
  const { conditions = [], phase } = statusOf(object);
  const ready = conditions.find(({ type }) => type === 'Ready');
  if (ready?.status === 'True') return undefined;
  const container = containerProblem(object);
  if (container !== undefined) return container;
  const seen = [ready?.reason, ready?.message].filter((part) => part !== undefined && part !== '').join(': ');
  return seen === '' ? (phase ?? 'has not reported yet') : seen;
}

function exitOf({ exitCode }: ContainerState): string {
  return exitCode === undefined ? '' : `, exit code ${exitCode}`;
}

/** The first container that waits or has ended, with its reason. */
function containerProblem(pod: KubeObject): string | undefined {
  const { initContainerStatuses = [], containerStatuses = [] } = statusOf(pod);
  for (const { name, ready, state } of [...initContainerStatuses, ...containerStatuses]) {
    if (ready) continue;
    const stopped = state?.['waiting'] ?? state?.['terminated'];
    // "Completed" is what an init container is meant to do.
    if (stopped?.reason === undefined || stopped.reason === 'Completed') continue;
    return `container ${name}: ${stopped.reason}${exitOf(stopped)}${stopped.message === undefined ? '' : `: ${stopped.message}`}`;
  }
  return undefined;
}

/** Containers of a pod that did not run through, and how they ended last: one that is Ready again may have left others without an answer. */
export function restartsOf(pod: KubeObject): readonly string[] {
  return (statusOf(pod).containerStatuses ?? []).flatMap(({ name, restartCount = 0, lastState }) => {
    if (restartCount === 0) return [];
    const ended = lastState?.terminated ?? {};
    const { reason = 'for no reason told', finishedAt } = ended;
    return `container ${name} was started again (${restartCount}), ended last: ${reason}${exitOf(ended)}${finishedAt === undefined ? '' : `, ${finishedAt}`}`;
  });
}

function isOwnedBy(pod: KubeObject, name: string): boolean {
  const owners = (pod.metadata['ownerReferences'] ?? []) as readonly { readonly kind: string; readonly name: string }[];
  return owners.some((owner) => owner.kind === 'DaemonSet' && owner.name === name);
}

/** Why packets of pods cannot go from and to a node yet: not there, or without kube-proxy or its network. Pure. */
export function networkProblem(state: ClusterState, name: string): string | undefined {
  if (!state.nodes.some(({ metadata }) => metadata.name === name)) return 'is no node of the cluster';
  for (const wanted of NODE_DAEMON_SETS) {
    const exists = state.daemonSets.some(({ metadata }) => metadata.name === wanted.name && metadata.namespace === wanted.namespace);
    if (!exists) continue;
    const pod = state.systemPods.find(
      (candidate) => candidate.metadata.namespace === wanted.namespace && isOwnedBy(candidate, wanted.name) && nodeOf(candidate) === name,
    );
    if (pod === undefined) return `has no pod of ${wanted.name}`;
    const problem = readyProblem(pod);
    if (problem !== undefined) return `${pod.metadata.name} is not ready: ${problem}`;
  }
  return undefined;
}

/** The taint that keeps ordinary pods off a node that is Ready already: the controller manager takes it off a moment later. */
function taintProblem(node: KubeObject): string | undefined {
  const { taints = [] } = (node['spec'] ?? {}) as { taints?: readonly { readonly key: string }[] };
  const isTainted = taints.some(({ key }) => key === NODE_KEYS.notReady);
  return isTainted ? `takes no ordinary pods yet: it has the taint ${NODE_KEYS.notReady}` : undefined;
}

/** Why a node cannot carry pods yet: not there, not Ready, kept free by a taint, or without kube-proxy or its network. Pure. */
export function nodeProblem(state: ClusterState, name: string): string | undefined {
  const node = state.nodes.find(({ metadata }) => metadata.name === name);
  if (node === undefined) return networkProblem(state, name);
  const notReady = readyProblem(node);
  return notReady === undefined ? (taintProblem(node) ?? networkProblem(state, name)) : `is not Ready: ${notReady}`;
}

/** Workloads whose controller has not yet made all their pods. */
function workloadProblem(workload: KubeObject): string | undefined {
  const status = (workload['status'] ?? {}) as WorkloadStatus;
  const { name, generation = 0 } = workload.metadata;
  if ((status.observedGeneration ?? 0) < generation) return `${name} was not looked at by its controller yet`;
  if (workload.kind === 'DaemonSet') {
    const { desiredNumberScheduled: wanted = 0, currentNumberScheduled: current = 0 } = status;
    return current < wanted ? `${name} has ${current} of ${wanted} pods` : undefined;
  }
  const { replicas: wanted = 1 } = workload['spec'] as { replicas?: number };
  const current = status.updatedReplicas ?? 0;
  return current < wanted ? `${name} has ${current} of ${wanted} pods` : undefined;
}

/** Everything that is not yet as it should be with the system's pods; those on nodes that are not asked for do not count. Pure. */
export function systemPodProblems(state: ClusterState, nodes: readonly string[]): readonly string[] {
  const counts = (pod: KubeObject): boolean => {
    const node = nodeOf(pod);
    const isOver = statusOf(pod).phase === 'Succeeded' || pod.metadata.deletionTimestamp !== undefined;
    return !isOver && (node === undefined || nodes.includes(node));
  };
  const pods = state.systemPods.filter(counts).map((pod) => {
    const problem = readyProblem(pod);
    return problem === undefined ? undefined : `${pod.metadata.name}: ${problem}`;
  });
  return [...[...state.daemonSets, ...state.deployments].map(workloadProblem), ...pods].filter((problem) => problem !== undefined);
}
