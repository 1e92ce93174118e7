import { step, type AnyStep } from '../../engine/index.js';
import { KbsError } from '../../errors/index.js';
import type { KubeApi, ObjectRef } from '../../kube/index.js';

/** Takes a node out of a cluster that goes on without it. Its kubelet is stopped by then, or it would register again. */
export function nodeObjectStep(api: KubeApi, name: string): AnyStep {
  const ref: ObjectRef = { apiVersion: 'v1', kind: 'Node', name };
  return step<boolean>({
    id: 'reset/node-object',
    title: 'Take the node out of the cluster',
    timeoutMs: 60_000,
    probe: async () => (await api.read(ref)) !== undefined,
    plan: (exists) => (exists ? { change: 'remove', summary: `delete Node ${name}` } : { change: 'none' }),
    async apply() {
      await api.delete(ref);
    },
    async verify(host) {
      if ((await api.read(ref)) === undefined) return;
      throw new KbsError('VERIFY_FAILED', `Node ${name} is still in the cluster`, {
        where: { host: host.name },
        remedy: [`kubectl delete node ${name}`],
      });
    },
  });
}
