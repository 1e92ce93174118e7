import { createHash } from 'node:crypto';
import type { ClusterSpec } from '../../config/index.js';
import { FLANNEL_DAEMON_SET, MIRROR_POD_ANNOTATION, NAMESPACES } from '../../constants/index.js';
import { atOnce, describeRef, isReady, refOf, type KubeApi, type KubeObject } from '../../kube/index.js';
import { usesKubeRouter } from '../../versions/index.js';

const POD = { apiVersion: 'v1', kind: 'Pod' } as const;
const AT_ONCE = 8;
const BACKEND_ANNOTATION = 'flannel.alpha.coreos.com/backend-type';

interface PodFields {
  readonly nodeName?: string;
  readonly hostNetwork?: boolean;
}

interface Agent {
  readonly namespace: string;
  readonly name: string;
  readonly labelSelector: string;
}

const FLANNEL: Agent = { namespace: NAMESPACES.flannel, name: FLANNEL_DAEMON_SET, labelSelector: 'app=flannel' };
const CALICO: Agent = { namespace: NAMESPACES.system, name: 'calico-node', labelSelector: 'k8s-app=calico-node' };
const KUBE_ROUTER: Agent = { namespace: NAMESPACES.system, name: 'kube-router', labelSelector: 'k8s-app=kube-router' };

interface DaemonSetStatus {
  readonly observedGeneration?: number;
  readonly desiredNumberScheduled?: number;
  readonly updatedNumberScheduled?: number;
}

async function agentProblem(api: KubeApi, node: string, { namespace, name, labelSelector }: Agent): Promise<string | undefined> {
  const [daemonSet, pods] = await Promise.all([
    api.read({ apiVersion: 'apps/v1', kind: 'DaemonSet', namespace, name }),
    api.list(POD, { namespace, labelSelector }),
  ]);
  const {
    observedGeneration = 0,
    desiredNumberScheduled = 0,
    updatedNumberScheduled = 0,
  } = (daemonSet?.['status'] ?? {}) as DaemonSetStatus;
  if (
    daemonSet === undefined ||
    observedGeneration < (daemonSet.metadata.generation ?? 0) ||
    updatedNumberScheduled < desiredNumberScheduled
  )
    return `${name} is not yet on every node as it shall be`;
  const own = pods.filter((pod) => nodeOf(pod) === node && pod.metadata.deletionTimestamp === undefined);
  return own.some(isReady) ? undefined : `${name} is not ready on the node`;
}

async function formerAgentProblem(api: KubeApi, node: string, former: Agent): Promise<string | undefined> {
  const left = (await api.list(POD, former)).some((pod) => nodeOf(pod) === node);
  return left ? `${former.name} still runs on the node` : undefined;
}

/** Why the network is not yet on a node as the cluster file wants it; undefined when it is, and a former one is gone. */
export async function agentsProblem(api: KubeApi, node: string, spec: Pick<ClusterSpec, 'network'>): Promise<string | undefined> {
  const { type, backend } = spec.network.cni;
  const isWanted = new Map([
    [FLANNEL, type === 'flannel'],
    [CALICO, type === 'calico'],
    [KUBE_ROUTER, usesKubeRouter(spec)],
  ]);
  const problems = await Promise.all(
    [...isWanted].map(([agent, wanted]) => (wanted ? agentProblem(api, node, agent) : formerAgentProblem(api, node, agent))),
  );
  const problem = problems.find((one) => one !== undefined);
  if (problem !== undefined || type !== 'flannel') return problem;
  const annotations = (await api.read({ apiVersion: 'v1', kind: 'Node', name: node }))?.metadata.annotations ?? {};
  // Backend udp says nothing.
  const said = annotations[BACKEND_ANNOTATION] ?? '';
  return said === (backend === 'udp' ? '' : backend) ? undefined : `flannel does not say yet that its backend is ${backend}`;
}

function nodeOf(pod: KubeObject): string | undefined {
  return (pod['spec'] as PodFields | undefined)?.nodeName;
}

/** Pods of a node that are on the pod network, those that end included. */
async function podsOn(api: KubeApi, node: string): Promise<readonly KubeObject[]> {
  return (await api.list(POD)).filter((pod) => {
    const { nodeName, hostNetwork = false } = (pod['spec'] ?? {}) as PodFields;
    const isMirror = pod.metadata.annotations?.[MIRROR_POD_ANNOTATION] !== undefined;
    return nodeName === node && !hostNetwork && !isMirror;
  });
}

/** The link of a pod on its host, with Calico. Source: Calico v3.25 libcalico-go, names of workload endpoints. */
export function calicoLink({ namespace = 'default', name }: Pick<KubeObject['metadata'], 'namespace' | 'name'>): string {
  return `cali${createHash('sha1').update(`${namespace}.${name}`).digest('hex').slice(0, 11)}`;
}

/** Uids of the pods on a node, and their links with Calico. */
export async function podLinks(api: KubeApi, node: string): Promise<ReadonlyMap<string, string>> {
  return new Map((await podsOn(api, node)).map(({ metadata }) => [metadata.uid ?? '', calicoLink(metadata)]));
}

function hasController(pod: KubeObject): boolean {
  const owners = (pod.metadata['ownerReferences'] ?? []) as readonly { readonly controller?: boolean }[];
  return owners.some(({ controller }) => controller === true);
}

/**
 * Ends the pods of a node that somebody makes anew.
 * @param only uids; absent: all of them
 * @returns those that nobody would: they are for their owner to end
 */
export async function restartPods(api: KubeApi, node: string, only?: ReadonlySet<string>): Promise<readonly string[]> {
  const pods = (await podsOn(api, node)).filter(
    ({ metadata }) => metadata.deletionTimestamp === undefined && (only?.has(metadata.uid ?? '') ?? true),
  );
  await atOnce(
    AT_ONCE,
    pods.filter(hasController).map((pod) => refOf(pod)),
    (ref) => api.delete(ref),
  );
  return pods.filter((pod) => !hasController(pod)).map((pod) => describeRef(refOf(pod)));
}
