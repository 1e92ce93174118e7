import type { AnyStep, Phase } from '../../engine/index.js';
import type { KubeApi } from '../../kube/index.js';
import { isNode, type RunContext } from '../context.js';
import { readyProblem } from './readiness.js';
import { runProof } from './run-proof.js';

type Slice = Pick<RunContext, 'spec' | 'images' | 'kube' | 'hosts' | 'proof'>;

const PROOF_TIMEOUT_MS = 240_000;
const CLEAN_UP_MS = 30_000;

/**
 * Nodes to be proven: the operation's hosts, and with them every other host of the file that is a working node. One that is
 * down and was not worked on does not make this operation fail.
 */
async function nodesToProve(
  api: KubeApi,
  { spec, hosts }: Slice,
): Promise<{ readonly nodes: readonly string[]; readonly left: readonly string[] }> {
  const targets = new Set(hosts.filter(isNode).map(({ name }) => name));
  const live = await api.list({ apiVersion: 'v1', kind: 'Node' });
  const others = live.filter(({ metadata: { name } }) => !targets.has(name) && spec.hosts.some((host) => host.name === name));
  const isWorking = (name: string): boolean => others.some((node) => node.metadata.name === name && readyProblem(node) === undefined);
  return {
    nodes: spec.hosts.map(({ name }) => name).filter((name) => targets.has(name) || isWorking(name)),
    left: others.filter((node) => readyProblem(node) !== undefined).map(({ metadata }) => metadata.name),
  };
}

/** A step that changes nothing that stays: it is done while the engine looks, and there is nothing left to apply. */
function proofStep(context: Slice): AnyStep {
  return {
    id: 'proof/traffic',
    title: 'Prove that nodes, pods, services and DNS work',
    timeoutMs: PROOF_TIMEOUT_MS + CLEAN_UP_MS,
    tries: 1,
    async prepare(_host, { signal, progress, warn }) {
      const { nodes, left } = await nodesToProve(await context.kube.connect(signal), context);
      if (left.length > 0) warn(`not Ready, not worked on and not proven: ${left.join(', ')}`);
      await runProof(
        {
          kube: context.kube,
          image: context.images.agnhost,
          nodes,
          dnsDomain: context.spec.network.dnsDomain,
          signal,
          timeoutMs: PROOF_TIMEOUT_MS,
          onProgress: progress,
          onWarning: warn,
        },
        (rows) => context.proof.put(rows),
      );
      return { plan: { change: 'none' }, apply: async () => undefined };
    },
  };
}

/** The end of every operation that makes or changes a cluster: green only when traffic was seen to flow. */
export const proofPhase: Phase<Slice> = {
  name: 'proof',
  title: 'Prove the cluster',
  summary: 'every node Ready, every system pod running, pods reach each other, services and names',
  on: 'cluster',
  after: ['cluster-dns', 'cluster-objects', 'endpoint-joined-nodes'],
  waitsFor: ['nodes', 'workers', 'controllers', 'endpoint-cleanup', 'service-proxy'],
  leftOutOfPlans: 'a proof is no change',
  skip: ({ spec }) => (spec.network.cni.type === 'none' ? 'the pod network is not kbs’s (spec.network.cni.type: none)' : undefined),
  steps: (context) => [proofStep(context)],
};
