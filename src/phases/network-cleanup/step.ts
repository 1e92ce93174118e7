import { step, waitFor, type AnyStep, type StepContext } from '../../engine/index.js';
import { KbsError } from '../../errors/index.js';
import type { Host } from '../../host/index.js';
import type { RunContext } from '../context.js';
import { describeLeftovers, hasCniConfig, lookAtLeftovers, portsOf, removeLeftovers, type Leftovers } from './leftovers.js';
import { agentsProblem, podLinks, restartPods } from './node-pods.js';

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
    remedy: ['kubectl get pods -A -o wide | grep -e flannel -e calico -e kube-router'],
    probe: async () => {
      const problem = await agentsProblem(api, host.name, spec);
      if (problem !== undefined) return { done: false, seen: problem };
      return (await hasCniConfig(host, spec)) ? { done: true, value: undefined } : { done: false, seen: 'no CNI configuration yet' };
    },
  });
}

/**
 * Pods of the node on the network as it is now; those that come to a bridge that goes meanwhile are ended, too. A port or a link of Calico's
 * counts while its pod is there: the kernel may hold it for minutes after the pod, until its last connection is given up.
 * @returns ports on bridges whose pods have ended
 */
async function movePods({ spec, kube }: Slice, host: Host, { signal }: Pick<StepContext, 'signal'>): Promise<ReadonlySet<string>> {
  const api = await kube.connect(signal);
  const [before, { bridged: former }] = await Promise.all([podLinks(api, host.name), lookAtLeftovers(host, spec).then(portsOf)]);
  return waitFor({
    what: 'the pods of the node to be on the new pod network',
    everyMs: 2_000,
    forMs: PODS_WITHIN_MS,
    signal,
    where: { host: host.name },
    remedy: [`kubectl get pods -A -o wide --field-selector spec.nodeName=${host.name}   # delete those without a controller`],
    probe: async () => {
      const { bridged, links } = portsOf(await lookAtLeftovers(host, spec));
      const present = await podLinks(api, host.name);
      const hasNew = [...bridged].some((port) => !former.has(port));
      const held = [...before].flatMap(([uid, link]) => (present.has(uid) && (bridged.size > 0 || links.has(link)) ? [uid] : []));
      if (!hasNew && held.length === 0) return { done: true, value: former };
      const alone = await restartPods(api, host.name, hasNew ? undefined : new Set(held));
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
      await removeLeftovers(host, spec, await lookAtLeftovers(host, spec), 'pods are there');
      const ended = await movePods(slice, host, context);
      await removeLeftovers(host, spec, await lookAtLeftovers(host, spec), { ended });
    },
    async verify(host) {
      const left = describeLeftovers(await lookAtLeftovers(host, spec));
      if (left !== undefined) throw new KbsError('VERIFY_FAILED', `still to be done: ${left}`, { where: { host: host.name } });
    },
  });
}
