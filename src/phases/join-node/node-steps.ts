import { NODE_KEYS } from '../../constants/index.js';
import { checkStep, doneUnless, step, waitFor, type AnyStep } from '../../engine/index.js';
import { KbsError } from '../../errors/index.js';
import type { Host } from '../../host/index.js';
import type { KubeApi, KubeObject, ObjectRef } from '../../kube/index.js';
import { runtimeOf } from '../container-runtime/index.js';
import type { RunContext } from '../context.js';
import { kubeletTrouble } from './evidence.js';

type RuntimeSlice = Pick<RunContext, 'kube' | 'spec'>;

const REGISTER_WAIT_MS = 60_000;
const READY_WAIT_MS = 240_000;

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly message?: string;
}

function refOf(name: string): ObjectRef {
  return { apiVersion: 'v1', kind: 'Node', name };
}

function socketOf(node: KubeObject | undefined): string | undefined {
  return node?.metadata.annotations?.[NODE_KEYS.criSocket];
}

async function waitForNode(api: KubeApi, host: Host, runtimeUnits: readonly string[], signal: AbortSignal): Promise<void> {
  await waitFor({
    what: `the kubelet to register node ${host.name}`,
    forMs: REGISTER_WAIT_MS,
    signal,
    ...kubeletTrouble(host, runtimeUnits),
    probe: async () => doneUnless((await api.read(refOf(host.name))) === undefined ? 'no such node' : undefined),
  });
}

/** Writes down the CRI socket as kubeadm does, with the kubelet's own credentials: `kubeadm reset` and `upgrade` read it. */
export function nodeAnnotationStep({ kube, spec }: RuntimeSlice, { name }: Pick<Host, 'name'>): AnyStep {
  const { criSocket, evidenceUnits } = runtimeOf(spec, { name });
  return step<string | undefined>({
    id: 'join-node/annotation',
    title: 'Note the CRI socket at the node',
    timeoutMs: REGISTER_WAIT_MS + 60_000,
    async probe(host, { signal }) {
      const api = await kube.tryConnect(signal);
      return socketOf(await api?.read(refOf(host.name)));
    },
    plan: (socket) =>
      socket === criSocket
        ? { change: 'none' }
        : { change: socket === undefined ? 'create' : 'update', summary: `annotate the node with ${criSocket}` },
    async apply(host, _seen, { signal }) {
      const api = await kube.connect(signal);
      await waitForNode(api, host, evidenceUnits, signal);
      await api.patch(refOf(host.name), 'merge', { metadata: { annotations: { [NODE_KEYS.criSocket]: criSocket } } });
    },
    async verify(host, { signal }) {
      const seen = socketOf(await (await kube.connect(signal)).read(refOf(host.name)));
      if (seen !== criSocket) throw new KbsError('VERIFY_FAILED', `node ${host.name} is not annotated with its CRI socket`);
    },
  });
}

function readyProblem(node: KubeObject | undefined): string | undefined {
  if (node === undefined) return 'it is not registered';
  const conditions = (node['status'] as { readonly conditions?: readonly Condition[] } | undefined)?.conditions ?? [];
  const ready = conditions.find(({ type }) => type === 'Ready');
  if (ready?.status === 'True') return undefined;
  return ready === undefined ? 'it has no status yet' : `Ready is ${ready.status}: ${ready.message ?? ''}`;
}

/** The node takes pods; read with the kubelet's credentials. */
export function nodeReadyStep({ kube, spec }: RuntimeSlice): AnyStep {
  return checkStep({
    id: 'join-node/ready',
    title: 'Wait until the node is Ready',
    timeoutMs: READY_WAIT_MS + 60_000,
    async run(host, { signal }) {
      const api = await kube.connect(signal);
      await waitFor({
        what: `node ${host.name} to be Ready`,
        forMs: READY_WAIT_MS,
        signal,
        ...kubeletTrouble(host, runtimeOf(spec, host).evidenceUnits, [
          'crictl pods; crictl ps -a   # does the pod network run here?',
          `kubectl describe node ${host.name}   # on a control plane`,
        ]),
        probe: async () => doneUnless(readyProblem(await api.read(refOf(host.name)))),
      });
    },
  });
}
