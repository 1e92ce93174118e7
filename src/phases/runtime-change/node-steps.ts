import { etcdTopology, MIRROR_POD_ANNOTATION, NAMESPACES } from '../../constants/index.js';
import { checkStep, doneUnless, step, waitFor, type AnyStep } from '../../engine/index.js';
import { memberLabel, quorumOf, type EtcdMemberHealth } from '../../etcd/index.js';
import { KbsError } from '../../errors/index.js';
import type { KubeApi, KubeObject } from '../../kube/index.js';
import type { ContainerRuntime } from '../container-runtime/index.js';
import { isControlPlane } from '../context.js';
import { kubeletTrouble } from '../join-node/index.js';
import { cordonStep, drainStep, membersHealth } from '../leave/index.js';
import { nodeOf, readyProblem } from '../verify/index.js';
import type { RuntimeChangeContext } from './change.js';
import { isOpen } from './mark-steps.js';
import { readMark } from './mark.js';

const WORKS_WITHIN_MS = 240_000;

/**
 * A step that asks the API. A host that was emptied already may have taken the API away with it: then there is nothing to be done for its
 * pods any more.
 */
function throughApi({ kube, change }: RuntimeChangeContext, wanted: (api: KubeApi) => AnyStep, known: Omit<AnyStep, 'prepare'>): AnyStep {
  return {
    ...known,
    async prepare(host, context) {
      const isEmptied = change.mark !== undefined && change.stage !== 'drain';
      const api = isEmptied ? await kube.tryConnect(context.signal) : await kube.connect(context.signal);
      if (api === undefined) return { plan: { change: 'none' }, apply: () => Promise.resolve() };
      return wanted(api).prepare(host, context);
    },
  };
}

/** New pods stay away. */
export function cordonedStep(context: RuntimeChangeContext): AnyStep {
  const wanted = (api: KubeApi): AnyStep => cordonStep(api, context.change.host.name, 'cordoned');
  return throughApi(context, wanted, { id: 'leave/cordon', title: 'Cordon the node', timeoutMs: 60_000 });
}

/** Pods go elsewhere, as their budgets allow. */
export function drainedStep(context: RuntimeChangeContext): AnyStep {
  const { change, drainTimeoutMs: timeoutMs, force } = context;
  const wanted = (api: KubeApi): AnyStep => drainStep(api, { node: change.host.name, timeoutMs, force });
  return throughApi(context, wanted, { id: 'leave/drain', title: 'Move the pods to other nodes', timeoutMs: timeoutMs + 120_000 });
}

/** Pods may come again, unless somebody had cordoned the node before. */
export function openedStep({ kube, change: { host } }: RuntimeChangeContext): AnyStep {
  const ref = { apiVersion: 'v1', kind: 'Node', name: host.name } as const;
  return step<boolean>({
    id: 'runtime-change/uncordon',
    title: 'Uncordon the node',
    timeoutMs: 60_000,
    async probe(_host, { signal }) {
      const [mark, api] = await Promise.all([readMark(host), kube.tryConnect(signal)]);
      if (mark !== undefined) return mark.wasOpen;
      const node = await api?.read(ref);
      return node !== undefined && isOpen(node);
    },
    plan: (wasOpen) =>
      wasOpen ? { change: 'update', summary: `uncordon node ${host.name}: pods may come to it again` } : { change: 'none' },
    apply: async (_host, _wasOpen, { signal }) => {
      await (await kube.connect(signal)).patch(ref, 'merge', { spec: { unschedulable: null } });
    },
    async verify(_host, { signal }) {
      const node = await (await kube.connect(signal)).read(ref);
      if (node !== undefined && !isOpen(node)) throw new KbsError('VERIFY_FAILED', `node ${host.name} is still cordoned`);
    },
  });
}

/** Why etcd would have to do without a quorum that it could keep; undefined where it keeps it, or never could. Pure. */
export function quorumProblem(rows: readonly EtcdMemberHealth[], name: string): string | undefined {
  const voters = rows.filter(({ member }) => !member.isLearner);
  const others = voters.filter(({ member }) => member.name !== name);
  const sick = others.filter(({ problem }) => problem !== undefined);
  if (others.length < quorumOf(voters.length) || others.length - sick.length >= quorumOf(voters.length)) return undefined;
  return sick.map((row) => `${memberLabel(row)}: ${row.problem ?? ''}`).join('; ');
}

/** The other members of etcd are well: this one will not answer for a while. */
export function quorumStep({ spec, etcd, change: { host } }: RuntimeChangeContext): readonly AnyStep[] {
  if (!isControlPlane(host) || etcdTopology(spec) !== 'stacked') return [];
  return [
    checkStep({
      id: 'runtime-change/quorum',
      title: 'See that etcd keeps its quorum',
      timeoutMs: 60_000,
      async run(_host, { signal }) {
        // Asked in vain, it has no quorum to lose.
        if ((await etcd.tryMembers(signal)) === undefined) return;
        const problem = quorumProblem(await membersHealth(etcd, signal), host.name);
        if (problem === undefined) return;
        throw new KbsError('ETCD_QUORUM', `without ${host.name} etcd would have no quorum: ${problem}`, {
          remedy: ['kbs status -f CLUSTER_FILE   # heal the other members first'],
        });
      },
    }),
  ];
}

interface PodStatus {
  readonly phase?: string;
  readonly containerStatuses?: readonly { readonly containerID?: string }[];
}

/** How a runtime calls itself where the kubelet tells of it: `containerd://…`. */
function isBy({ type }: ContainerRuntime, id: string): boolean {
  return (id.split('://')[0] ?? '').replace('-', '') === type.replace('-', '');
}

function podProblem(pod: KubeObject, runtime: ContainerRuntime): string | undefined {
  const { containerStatuses = [] } = (pod['status'] ?? {}) as PodStatus;
  const isOld = containerStatuses.some(({ containerID = '' }) => containerID !== '' && !isBy(runtime, containerID));
  if (isOld || containerStatuses.length === 0) return `${pod.metadata.name} was not started by ${runtime.title} yet`;
  const problem = readyProblem(pod);
  return problem === undefined ? undefined : `${pod.metadata.name}: ${problem}`;
}

function isOfNode(pod: KubeObject): boolean {
  const owners = (pod.metadata['ownerReferences'] ?? []) as readonly { readonly kind: string }[];
  return pod.metadata.annotations?.[MIRROR_POD_ANNOTATION] !== undefined || owners.some(({ kind }) => kind === 'DaemonSet');
}

/**
 * Why a node does not work with a runtime yet: not Ready, or with static pods or pods of the system's DaemonSets that are not running in it.
 * What the API says of a node is old until its kubelet has reported: the names of the runtime tell. Pure.
 */
export function nodeProblem(node: KubeObject | undefined, pods: readonly KubeObject[], runtime: ContainerRuntime): string | undefined {
  if (node === undefined) return 'it is not registered';
  const { nodeInfo } = (node['status'] ?? {}) as { readonly nodeInfo?: { readonly containerRuntimeVersion?: string } };
  const version = nodeInfo?.containerRuntimeVersion ?? 'no runtime';
  if (!isBy(runtime, version)) return `its kubelet reports ${version}`;
  const notReady = readyProblem(node);
  if (notReady !== undefined) return notReady;
  const own = pods.filter((pod) => nodeOf(pod) === node.metadata.name && isOfNode(pod) && pod.metadata.deletionTimestamp === undefined);
  return own.map((pod) => podProblem(pod, runtime)).find((problem) => problem !== undefined);
}

/** The node works with its new runtime, as far as the cluster can see. */
export function worksStep({ kube, change: { to } }: RuntimeChangeContext): AnyStep {
  return checkStep({
    id: 'runtime-change/works',
    title: 'Wait until the node works with its new runtime',
    timeoutMs: WORKS_WITHIN_MS + 60_000,
    async run(host, { signal }) {
      const api = await kube.connect(signal);
      const look = async (): Promise<string | undefined> => {
        const [node, ...pods] = await Promise.all([
          api.read({ apiVersion: 'v1', kind: 'Node', name: host.name }),
          ...[NAMESPACES.system, NAMESPACES.flannel].map((namespace) => api.list({ apiVersion: 'v1', kind: 'Pod' }, { namespace })),
        ]);
        return nodeProblem(node, pods.flat(), to);
      };
      await waitFor({
        what: `node ${host.name} to work with ${to.title}`,
        forMs: WORKS_WITHIN_MS,
        signal,
        ...kubeletTrouble(host, to.evidenceUnits, [`crictl pods; crictl ps -a   # on ${host.name}`, `kubectl describe node ${host.name}`]),
        probe: async () => doneUnless(await look()),
      });
    },
  });
}
