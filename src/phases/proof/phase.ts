import type { AnyStep, Phase } from '../../engine/index.js';
import { isReady, type KubeApi } from '../../kube/index.js';
import { NAMESPACES } from '../../constants/index.js';
import { isNode, type RunContext } from '../context.js';
import type { ProofRow } from '../proof-row.js';
import {
  distantHost,
  runVerification,
  stageCluster,
  verificationError,
  verifyHost,
  type Verification,
  type VerifyHost,
} from '../verify/index.js';

type Slice = Pick<RunContext, 'spec' | 'images' | 'kube' | 'hosts' | 'controlPlanes' | 'pki' | 'proof'>;

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
  const isWorking = (name: string): boolean => others.some((node) => node.metadata.name === name && isReady(node));
  return {
    nodes: spec.hosts.map(({ name }) => name).filter((name) => targets.has(name) || isWorking(name)),
    left: others.filter((node) => !isReady(node)).map(({ metadata }) => metadata.name),
  };
}

/** The hosts of nodes, by the connections this run has. */
function hostsOf(nodes: readonly string[], { spec, hosts, controlPlanes }: Slice): readonly VerifyHost[] {
  return nodes.flatMap((node) => {
    const connected = [...hosts, ...controlPlanes].find(({ name }) => name === node);
    if (connected !== undefined) return [verifyHost(connected)];
    return spec.hosts.filter(({ name }) => name === node).map(distantHost);
  });
}

function asProofRows({ rows }: Verification): readonly ProofRow[] {
  return rows
    .filter(({ status }) => status !== 'skipped')
    .map(({ edge, check, status, ms, detail }) => ({ edge, what: check, ok: status === 'ok', ms, detail }));
}

/** What cannot be asked for at times. */
interface ProofOptions {
  readonly id: string;
  readonly title: string;
  /** Names of checks that are left out. */
  readonly without?: (api: KubeApi) => Promise<readonly string[]>;
}

/** A step that changes nothing that stays: it is done while the engine looks, and there is nothing left to apply. */
function proofStep(context: Slice, { id, title, without }: ProofOptions): AnyStep {
  return {
    id,
    title,
    timeoutMs: PROOF_TIMEOUT_MS + CLEAN_UP_MS,
    tries: 1,
    async prepare(_host, { signal, progress, warn }) {
      const api = await context.kube.connect(signal);
      const { nodes, left } = await nodesToProve(api, context);
      if (left.length > 0) warn(`not Ready, not worked on and not proven: ${left.join(', ')}`);
      const found = await runVerification({
        kube: context.kube,
        profile: 'quick',
        isComingUp: true,
        ...(without === undefined ? {} : { without: await without(api) }),
        image: context.images.agnhost,
        hosts: hostsOf(nodes, context),
        cluster: await stageCluster(context),
        signal,
        timeoutMs: PROOF_TIMEOUT_MS,
        onProgress: progress,
        onWarning: warn,
      });
      context.proof.put(asProofRows(found));
      const error = verificationError(found, 'kbs apply -f CLUSTER_FILE');
      if (error !== undefined) throw error;
      return { plan: { change: 'none' }, apply: async () => undefined };
    },
  };
}

/** The end of every operation that makes or changes a cluster, the quick profile of `kbs verify`: green only when traffic was seen to flow. */
export const proofPhase: Phase<Slice> = {
  name: 'proof',
  title: 'Prove the cluster',
  summary: 'every node Ready, every system pod running, pods reach each other, services and names',
  on: 'cluster',
  after: ['cluster-dns', 'cluster-objects', 'runtime-classes', 'endpoint-joined-nodes'],
  waitsFor: ['nodes', 'workers', 'proof-images', 'controller-manager', 'scheduler', 'endpoint-cleanup', 'service-proxy', 'network-cleanup'],
  leftOutOfPlans: 'a proof is no change',
  skip: ({ spec }) => (spec.network.cni.type === 'none' ? 'the pod network is not kbs’s (spec.network.cni.type: none)' : undefined),
  steps: (context) => [proofStep(context, { id: 'proof/traffic', title: 'Prove that nodes, pods, services and DNS work' })],
};

/** While a node is cordoned the system's pods that are not bound to nodes may have no place to be, and with them the name server. */
async function withoutPlace(api: KubeApi): Promise<readonly string[]> {
  const servers = await api.list({ apiVersion: 'v1', kind: 'Pod' }, { namespace: NAMESPACES.system, labelSelector: 'k8s-app=kube-dns' });
  return ['system pods', ...(servers.some(isReady) ? [] : ['cluster DNS'])];
}

/** The same for a node that is still cordoned: the ways packets go from it and to it. */
export function nodeProofStep(context: Slice): AnyStep {
  return proofStep(context, { id: 'proof/node', title: 'Prove that pods of the node reach others', without: withoutPlace });
}
