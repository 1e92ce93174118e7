import type { PodNetworkType } from '../../config/index.js';
import { NAMESPACES } from '../../constants/index.js';
import { waitFor, type StepContext } from '../../engine/index.js';
import { isReady, type KubeApi, type KubeObject } from '../../kube/index.js';

const WAIT_MS = 180_000;

interface NodeState {
  readonly conditions?: readonly { readonly type: string; readonly status: string; readonly reason?: string }[];
}

function condition(node: KubeObject, type: string): { readonly status: string; readonly reason?: string } | undefined {
  const state = node['status'] as NodeState | undefined;
  return state?.conditions?.find((candidate) => candidate.type === type);
}

/** Nodes that take pods, but where the network has not said yet that it is up. Pure. */
export function nodesWithoutNetwork(nodes: readonly KubeObject[]): readonly string[] {
  return nodes
    .filter((node) => condition(node, 'Ready')?.status === 'True' && condition(node, 'NetworkUnavailable')?.status !== 'False')
    .map(({ metadata }) => metadata.name);
}

/** Nodes that take pods and have their network. Pure. */
export function nodesWithNetwork(nodes: readonly KubeObject[]): readonly string[] {
  return nodes
    .filter((node) => condition(node, 'Ready')?.status === 'True' && condition(node, 'NetworkUnavailable')?.status === 'False')
    .map(({ metadata }) => metadata.name);
}

interface Networks {
  readonly up: readonly string[];
  readonly missing: readonly string[];
}

/** flannel and Calico tell in a condition of the node that they are up; kube-router's pod is Ready. */
async function networksOf(api: KubeApi, type: PodNetworkType): Promise<Networks> {
  const nodes = await api.list({ apiVersion: 'v1', kind: 'Node' });
  // Nobody knows what else it says of itself.
  if (type === 'custom') return { up: nodes.filter(isReady).map(({ metadata }) => metadata.name), missing: [] };
  if (type !== 'kube-router') return { up: nodesWithNetwork(nodes), missing: nodesWithoutNetwork(nodes) };
  const pods = await api.list({ apiVersion: 'v1', kind: 'Pod' }, { namespace: NAMESPACES.system, labelSelector: 'k8s-app=kube-router' });
  const routed = new Set(pods.filter(isReady).map((pod) => (pod['spec'] as { nodeName?: string } | undefined)?.nodeName));
  const names = nodes.filter(isReady).map(({ metadata }) => metadata.name);
  return { up: names.filter((name) => routed.has(name)), missing: names.filter((name) => !routed.has(name)) };
}

/**
 * Waits until the pod network is up on every node that takes pods, and on one at least. A pod that comes to a node before its network
 * fails, and the kubelet tries again only after many seconds.
 * @throws KbsError WAIT_TIMEOUT
 */
export async function waitForNetwork(api: KubeApi, type: PodNetworkType, { signal }: Pick<StepContext, 'signal'>): Promise<void> {
  await waitFor({
    what: 'the pod network on the first node',
    forMs: WAIT_MS,
    signal,
    remedy: ['kubectl --kubeconfig /etc/kubernetes/admin.conf get pods -A -o wide   # then the logs of those of the pod network'],
    probe: async () => {
      const { up, missing } = await networksOf(api, type);
      if (missing.length === 0 && up.length > 0) return { done: true, value: true };
      const seen = missing.length > 0 ? `no network yet on ${missing.join(', ')}` : 'no node is Ready';
      return { done: false, seen };
    },
  });
}
