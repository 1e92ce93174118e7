import type { KubeObject } from '../../../kube/index.js';
import { nodeOf } from '../readiness.js';
import { named, podObject, podReady, post } from '../pod.js';
import { EDGE_PATIENCE_MS, notYet, row, seen, skipped, until, WORKLOAD_PATIENCE_MS } from '../row.js';
import type { Check, Stage } from '../types.js';

interface Taint {
  readonly key: string;
  readonly effect: string;
}

function taintsOf(node: KubeObject): readonly Taint[] {
  return (node['spec'] as { readonly taints?: readonly Taint[] } | undefined)?.taints ?? [];
}

/** Asks for an eviction. @returns HTTP status: 429 when a budget forbids it */
async function evict(stage: Stage, pod: string): Promise<number> {
  const path = `/api/v1/namespaces/${stage.namespace}/pods/${pod}/eviction`;
  const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: named(stage, pod), deleteOptions: { gracePeriodSeconds: 0 } };
  return (await post(stage, path, eviction)).status;
}

/** A disruption budget holds, and without it a pod goes. */
export const eviction: Check = {
  name: 'eviction',
  title: 'A disruption budget forbids an eviction, without it the pod is evicted',
  profile: 'full',
  async run(stage) {
    const name = 'guarded';
    const budget = { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: named(stage, name) };
    await stage.api.apply({ ...budget, spec: { minAvailable: 1, selector: { matchLabels: { app: name } } } });
    await stage.api.apply(podObject(stage, name, [{ args: ['pause'] }]));
    await podReady(stage, name);
    const held = await row(stage, this.name, 'disruption budget', async () => {
      const status = await evict(stage, name);
      if (status !== 429) throw new Error(`the eviction was not refused: ${status}`);
      return 'the eviction was refused: 429';
    });
    const gone = await row(stage, this.name, 'eviction', async () => {
      await stage.api.delete({ ...budget, name, namespace: stage.namespace });
      return until(stage, 'the eviction', EDGE_PATIENCE_MS, async () => {
        const status = await evict(stage, name);
        return status === 201 || status === 404 ? seen('evicted') : notYet(`the API says ${status}`);
      });
    });
    return [held, gone];
  },
};

/** Taints that are there anyhow: none is put on a node for this. */
export const taints: Check = {
  name: 'taints',
  title: 'A tainted node takes only pods that tolerate it',
  profile: 'full',
  async run(stage) {
    const nodes = await stage.api.list({ apiVersion: 'v1', kind: 'Node' });
    const tainted = nodes.find((node) => taintsOf(node).some(({ effect }) => effect === 'NoSchedule'));
    if (tainted === undefined) return [skipped(this.name, 'taint', 'no node has a taint with effect NoSchedule')];
    const node = tainted.metadata.name;
    const fields = { nodeSelector: { 'kubernetes.io/hostname': node } };
    const tolerations = taintsOf(tainted).map(({ key, effect }) => ({ key, effect, operator: 'Exists' }));
    await stage.api.apply(podObject(stage, 'intolerant', [{ args: ['pause'] }], fields));
    await stage.api.apply(podObject(stage, 'tolerant', [{ args: ['pause'] }], { ...fields, tolerations }));
    return Promise.all([
      row(stage, this.name, `${node} takes a pod that tolerates its taints`, async () => {
        const pod = await podReady(stage, 'tolerant');
        return `runs on ${nodeOf(pod) ?? 'no node'}`;
      }),
      row(stage, this.name, `${node} takes no pod that does not`, () => refused(stage)),
    ]);
  },
};

interface Conditions {
  readonly conditions?: readonly { readonly type: string; readonly status: string; readonly message?: string }[];
}

function refused(stage: Stage): Promise<string> {
  return until(stage, 'the scheduler’s verdict', WORKLOAD_PATIENCE_MS, async () => {
    const pod = await stage.api.read({ apiVersion: 'v1', kind: 'Pod', namespace: stage.namespace, name: 'intolerant' });
    const { conditions = [] } = (pod?.['status'] ?? {}) as Conditions;
    const scheduled = conditions.find(({ type }) => type === 'PodScheduled');
    if (scheduled === undefined) return notYet('no verdict yet');
    if (scheduled.status === 'True') throw new Error('it was scheduled in spite of the taint');
    return seen('not scheduled');
  });
}
