import { step, type AnyStep } from '../../engine/index.js';
import { KbsError } from '../../errors/index.js';
import type { Plan } from '../../events/index.js';
import { apiReason, type KubeApi, type KubeObject, type ObjectDiff, type ObjectRef } from '../../kube/index.js';
import { unifiedDiff } from '../../steps/index.js';
import { printYaml } from '../../yaml/index.js';
import type { RunContext } from '../context.js';
import { describeTaint, nodeObject, TAINTS_ANNOTATION, taintChange, type NodeSettings, type TaintChange } from './node-settings.js';
import { earlyPodCidr, podCidrOf } from './pod-cidr.js';

interface SeenNode {
  /** The cluster has been made, and its API does not answer. */
  readonly isUnknown?: boolean;
  readonly exists: boolean;
  readonly diff: ObjectDiff;
  readonly taints: TaintChange | undefined;
}

const TIMEOUT_MS = 60_000;
const CONFLICT_TRIES = 5;

function refOf(name: string): ObjectRef {
  return { apiVersion: 'v1', kind: 'Node', name };
}

/** A pod CIDR is given once and stays: what the node has is what is applied. */
async function wantedObject(
  api: KubeApi,
  spec: RunContext['spec'],
  settings: NodeSettings,
  live: KubeObject | undefined,
): Promise<KubeObject> {
  return nodeObject(settings, podCidrOf(live) ?? (await earlyPodCidr(api, spec, settings.name)));
}

/** The taints in the cluster of a node that kbs is about to make: none. */
function newNode(name: string): KubeObject {
  return { apiVersion: 'v1', kind: 'Node', metadata: { name } };
}

function planOf(name: string, { exists, diff, taints }: SeenNode): Plan {
  if (!exists) return { change: 'create', summary: `register node ${name}`, diff: unifiedDiff(`Node ${name}`, undefined, diff.after) };
  if (diff.change === 'none' && taints === undefined) return { change: 'none' };
  const parts = [
    ...(diff.change === 'none' ? [] : [`set labels and annotations of node ${name}`]),
    ...(taints === undefined ? [] : [`set taints of node ${name}: ${taints.taints.map(describeTaint).join(', ') || 'none'}`]),
  ];
  return {
    change: 'update',
    summary: parts.join('; '),
    ...(diff.change === 'none' ? {} : { diff: unifiedDiff(`Node ${name}`, diff.before, diff.after) }),
  };
}

/** Taints are one list that controllers write to too: read, change, write back, again when somebody was faster. */
async function setTaints(api: KubeApi, settings: NodeSettings): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const live = await api.read(refOf(settings.name));
    if (live === undefined) throw new KbsError('KUBE_API', `node ${settings.name} was deleted meanwhile`);
    const change = taintChange(live, settings);
    if (change === undefined) return;
    const { resourceVersion } = live.metadata;
    try {
      await api.patch(refOf(settings.name), 'merge', {
        metadata: { resourceVersion, annotations: { [TAINTS_ANNOTATION]: change.record } },
        spec: { taints: change.taints },
      });
      return;
    } catch (error) {
      if (apiReason(error) !== 'Conflict' || attempt === CONFLICT_TRIES) throw error;
    }
  }
}

/** Field manager of the bare object: taints the server adds at creation are its fields, and so no later apply takes them off. */
const REGISTRAR = 'kbs-register';

/** The node by its name alone, unless it is there already: its kubelet may have been faster. */
async function register(api: KubeApi, name: string): Promise<void> {
  const { status, body } = await api.request('POST', `/api/v1/nodes?fieldManager=${REGISTRAR}`, { body: JSON.stringify(newNode(name)) });
  if (status === 201 || status === 409) return;
  throw new KbsError('KUBE_API', `node ${name} cannot be registered: ${status} ${body.slice(0, 300)}`);
}

async function look(api: KubeApi | undefined, spec: RunContext['spec'], settings: NodeSettings): Promise<SeenNode> {
  const live = await api?.read(refOf(settings.name));
  if (api === undefined || live === undefined) {
    const after = printYaml(nodeObject(settings, undefined));
    return { exists: false, diff: { change: 'create', after }, taints: taintChange(newNode(settings.name), settings) };
  }
  return {
    exists: true,
    diff: await api.diff(await wantedObject(api, spec, settings, live)),
    taints: taintChange(live, settings),
  };
}

/**
 * The Node object of a host, with labels, CRI socket and taints of the cluster file. It may be there before the host's kubelet
 * has registered: then controllers and scheduler have their pods ready for it when it comes.
 */
export function nodeStep({ spec, kube }: Pick<RunContext, 'spec' | 'kube'>, settings: NodeSettings): AnyStep {
  return step<SeenNode>({
    id: 'node/object',
    title: 'Register the node with its labels and taints',
    timeoutMs: TIMEOUT_MS,
    async probe(_host, { signal }) {
      const api = await kube.tryConnect(signal);
      const isUnknown = api === undefined && (await kube.isMade?.()) === true;
      return { ...(await look(api, spec, settings)), isUnknown };
    },
    plan: (seen) =>
      seen.isUnknown === true
        ? { change: 'unknown', summary: `unknown until the API answers: Node ${settings.name}` }
        : planOf(settings.name, seen),
    async apply(_host, seen, { signal }) {
      const api = await kube.connect(signal);
      if (!seen.exists) await register(api, settings.name);
      if (seen.diff.change !== 'none') {
        await api.apply(await wantedObject(api, spec, settings, await api.read(refOf(settings.name))));
      }
      if (seen.taints !== undefined) await setTaints(api, settings);
    },
    async verify(_host, { signal }) {
      const seen = await look(await kube.connect(signal), spec, settings);
      if (seen.exists && seen.diff.change === 'none' && seen.taints === undefined) return;
      throw new KbsError('VERIFY_FAILED', `node ${settings.name} is not as it was applied`, {
        details: [JSON.stringify(planOf(settings.name, seen))],
        remedy: [`kubectl --kubeconfig /etc/kubernetes/admin.conf get node ${settings.name} --show-managed-fields -o yaml`],
      });
    },
  });
}
