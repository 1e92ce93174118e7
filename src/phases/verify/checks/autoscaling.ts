import type { KubeObject } from '../../../kube/index.js';
import { NETEXEC, named, template } from '../pod.js';
import { notYet, row, seen, skipped, until } from '../row.js';
import type { Check, Stage } from '../types.js';

const METRICS = { apiVersion: 'apiregistration.k8s.io/v1', kind: 'APIService', name: 'v1beta1.metrics.k8s.io' } as const;
/** metrics-server reads every 15 s, the autoscaler looks every 15 s. */
const PATIENCE_MS = 70_000;

function autoscaler(stage: Stage): KubeObject {
  const spec = {
    scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'scaled' },
    minReplicas: 1,
    maxReplicas: 2,
    metrics: [{ type: 'Resource', resource: { name: 'memory', target: { type: 'AverageValue', averageValue: '1' } } }],
  };
  return { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', metadata: named(stage, 'scaled'), spec };
}

/** Where metrics are: a Deployment that uses more memory than its autoscaler wants gets a second pod. */
export const autoscaling: Check = {
  name: 'autoscaling',
  title: 'A HorizontalPodAutoscaler scales by resource metrics',
  profile: 'full',
  async run(stage) {
    if ((await stage.api.read(METRICS)) === undefined) {
      return [skipped(this.name, 'HorizontalPodAutoscaler', 'there are no resource metrics: no API metrics.k8s.io')];
    }
    return [
      await row(stage, this.name, 'HorizontalPodAutoscaler', async () => {
        const spec = { replicas: 1, ...template(stage, 'scaled', [NETEXEC]) };
        await stage.api.apply({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: named(stage, 'scaled'), spec });
        await stage.api.apply(autoscaler(stage));
        return until(stage, 'a second pod', PATIENCE_MS, async () => {
          const ref = { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', namespace: stage.namespace, name: 'scaled' };
          interface Status {
            readonly desiredReplicas?: number;
            readonly conditions?: readonly { readonly type: string; readonly status: string; readonly message?: string }[];
          }
          const { desiredReplicas = 0, conditions = [] } = ((await stage.api.read(ref))?.['status'] ?? {}) as Status;
          if (desiredReplicas === 2) return seen('2 pods wanted');
          return notYet(conditions.find(({ status }) => status === 'False')?.message ?? `${desiredReplicas} pods wanted`);
        });
      }),
    ];
  },
};
