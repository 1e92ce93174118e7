import { waitFor, type StepContext } from '../../engine/index.js';
import type { KubeApi, KubeObject } from '../../kube/index.js';

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

/**
 * Waits until the network is up on every node that takes pods, and on one at least. A pod that comes to a node before its network
 * fails, and the kubelet tries again only after many seconds.
 * @throws KbsError WAIT_TIMEOUT
 */
export async function waitForNetwork(api: KubeApi, { signal }: Pick<StepContext, 'signal'>): Promise<void> {
  await waitFor({
    what: 'the pod network on the first node',
    forMs: WAIT_MS,
    signal,
    remedy: ['kubectl --kubeconfig /etc/kubernetes/admin.conf get pods -A -o wide   # then the logs of flannel or calico-node'],
    probe: async () => {
      const nodes = await api.list({ apiVersion: 'v1', kind: 'Node' });
      const without = nodesWithoutNetwork(nodes);
      if (without.length === 0 && nodesWithNetwork(nodes).length > 0) return { done: true, value: true };
      const seen = without.length > 0 ? `no network yet on ${without.join(', ')}` : `no node is Ready (of ${nodes.length})`;
      return { done: false, seen };
    },
  });
}
