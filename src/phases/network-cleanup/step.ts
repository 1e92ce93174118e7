import { step, waitFor, type AnyStep, type StepContext } from '../../engine/index.js';
import { KbsError } from '../../errors/index.js';
import type { Host } from '../../host/index.js';
import type { RunContext } from '../context.js';
import { describeLeftovers, hasCniConfig, hasPods, lookAtLeftovers, removeLeftovers, type Leftovers } from './leftovers.js';
import { agentsProblem, restartPods } from './node-pods.js';

type Slice = Pick<RunContext, 'spec' | 'kube'>;

const NETWORK_WITHIN_MS = 180_000;
/** Longer than the half minute a pod is given to end by default. */
const PODS_WITHIN_MS = 120_000;

async function waitForNetwork({ spec, kube }: Slice, host: Host, { signal }: Pick<StepContext, 'signal'>): Promise<void> {
  const api = await kube.connect(signal);
  await waitFor({
    what: 'the pod network of the cluster file',
    forMs: NETWORK_WITHIN_MS,
    signal,
    where: { host: host.name },
    remedy: ['kubectl get pods -A -o wide | grep -e flannel -e kube-router'],
    probe: async () => {
      const problem = await agentsProblem(api, host.name, spec);
      if (problem !== undefined) return { done: false, seen: problem };
      return (await hasCniConfig(host, spec)) ? { done: true, value: undefined } : { done: false, seen: 'no CNI configuration yet' };
    },
  });
}

/** Pods of the node on the network as it is now. Those that come to a bridge that goes meanwhile are ended, too. */
async function movePods({ spec, kube }: Slice, host: Host, { signal }: Pick<StepContext, 'signal'>): Promise<void> {
  const api = await kube.connect(signal);
  await waitFor({
    what: 'the pods of the node to be on the new pod network',
    everyMs: 2_000,
    forMs: PODS_WITHIN_MS,
    signal,
    where: { host: host.name },
    remedy: [`kubectl get pods -A -o wide --field-selector spec.nodeName=${host.name}   # delete those without a controller`],
    probe: async () => {
      if (!hasPods(await lookAtLeftovers(host, spec))) return { done: true, value: undefined };
      const alone = await restartPods(api, host.name);
      return { done: false, seen: alone.length === 0 ? 'pods are ending' : `nobody makes these anew: ${alone.join(', ')}` };
    },
  });
}

/** Takes a former pod network, or a former mode of this one, off a node, and brings its pods to the present one. */
export function networkCleanupStep(slice: Slice): AnyStep {
  const { spec } = slice;
  return step<Leftovers>({
    id: 'network-cleanup/leftovers',
    title: 'Take away what a former pod network has left',
    timeoutMs: NETWORK_WITHIN_MS + PODS_WITHIN_MS + 60_000,
    probe: (host) => lookAtLeftovers(host, spec),
    plan: (seen) => {
      const summary = describeLeftovers(seen);
      return summary === undefined ? { change: 'none' } : { change: 'update', summary };
    },
    async apply(host, _seen, context) {
      await waitForNetwork(slice, host, context);
      await removeLeftovers(host, spec, await lookAtLeftovers(host, spec), { all: false });
      await movePods(slice, host, context);
      await removeLeftovers(host, spec, await lookAtLeftovers(host, spec), { all: true });
    },
    async verify(host) {
      const left = describeLeftovers(await lookAtLeftovers(host, spec));
      if (left !== undefined) throw new KbsError('VERIFY_FAILED', `still to be done: ${left}`, { where: { host: host.name } });
    },
  });
}
