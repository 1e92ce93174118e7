import { step, type AnyStep } from '../../engine/index.js';
import { KbsError } from '../../errors/index.js';
import type { KubeApi, KubeObject } from '../../kube/index.js';

interface NodeFields {
  readonly spec?: { readonly unschedulable?: boolean };
}

async function readNode(api: KubeApi, name: string): Promise<KubeObject | undefined> {
  return api.read({ apiVersion: 'v1', kind: 'Node', name });
}

function isCordoned(node: KubeObject): boolean {
  return (node as KubeObject & NodeFields).spec?.unschedulable === true;
}

/** New pods come to a node, or no longer do. A node that is gone is left alone. */
export function cordonStep(api: KubeApi, name: string, wanted: 'cordoned' | 'open'): AnyStep {
  const isWanted = (node: KubeObject | undefined): boolean => node === undefined || isCordoned(node) === (wanted === 'cordoned');
  const summary =
    wanted === 'cordoned' ? `cordon node ${name}: no new pods come to it` : `uncordon node ${name}: pods may come to it again`;
  return step<KubeObject | undefined>({
    id: 'leave/cordon',
    title: wanted === 'cordoned' ? 'Cordon the node' : 'Uncordon the node',
    timeoutMs: 60_000,
    probe: () => readNode(api, name),
    plan: (node) => (isWanted(node) ? { change: 'none' } : { change: 'update', summary }),
    async apply() {
      await api.patch({ apiVersion: 'v1', kind: 'Node', name }, 'merge', { spec: { unschedulable: wanted === 'cordoned' ? true : null } });
    },
    async verify() {
      if (isWanted(await readNode(api, name))) return;
      throw new KbsError('VERIFY_FAILED', `node ${name} is not ${wanted}`, { remedy: [`kubectl get node ${name} -o yaml`] });
    },
  });
}
