import { step, waitFor, type AnyStep } from '../../engine/index.js';
import { appliedByKbs, atOnce, isReady, refOf, type KubeAccess, type KubeApi, type KubeObject } from '../../kube/index.js';

/** Pods that read a ConfigMap only when they start. */
export interface RestartStepOptions {
  readonly id: string;
  readonly title: string;
  readonly kube: KubeAccess;
  /** As it shall be. */
  readonly configMap: () => KubeObject;
  /** `k8s-app=kube-proxy`; in the ConfigMap's namespace. */
  readonly podSelector: string;
  /** When it says so the pods are none of kbs's business. */
  readonly unless?: (api: KubeApi) => Promise<boolean>;
}

interface StalePods {
  readonly stale: readonly string[];
  readonly waiting: number;
}

const TIMEOUT_MS = 180_000;
const RESTARTED_WITHIN_MS = 90_000;
const AT_ONCE = 8;
const POD = { apiVersion: 'v1', kind: 'Pod' } as const;

/** When kbs last changed an object, by the API server's clock; whole seconds. */
function appliedAt(object: KubeObject): number | undefined {
  const time = appliedByKbs(object)?.time;
  return time === undefined ? undefined : Date.parse(time);
}

/** Pods older than their configuration. In a plan the configuration may still have to change: then all of them are. */
async function findStale(api: KubeApi, { configMap, podSelector }: RestartStepOptions): Promise<StalePods> {
  const wanted = configMap();
  const ref = refOf(wanted);
  const { namespace = '' } = ref;
  const [diff, live, pods] = await Promise.all([api.diff(wanted), api.read(ref), api.list(POD, { namespace, labelSelector: podSelector })]);
  const changedAt = live === undefined ? undefined : appliedAt(live);
  const isStale = (pod: KubeObject): boolean =>
    diff.change === 'update' || (changedAt !== undefined && Date.parse(pod.metadata.creationTimestamp ?? '') < changedAt);
  return {
    stale: pods.filter(isStale).map(({ metadata }) => metadata.name),
    waiting: pods.filter((pod) => !isReady(pod)).length,
  };
}

/** Restarts pods that were started before their ConfigMap was changed: seen from the objects' times, so a run that died in between is no problem. */
export function restartStep(options: RestartStepOptions): AnyStep {
  const { kube, podSelector } = options;
  return step<readonly string[]>({
    id: options.id,
    title: options.title,
    timeoutMs: TIMEOUT_MS,
    async probe(_host, { signal }) {
      const api = await kube.tryConnect(signal);
      return api === undefined || (await options.unless?.(api)) === true ? [] : (await findStale(api, options)).stale;
    },
    plan: (stale) =>
      stale.length === 0
        ? { change: 'none' }
        : { change: 'update', summary: `restart ${stale.length} pods (${podSelector}) for their new configuration` },
    async apply(_host, stale, { signal }) {
      const api = await kube.connect(signal);
      const { namespace = '' } = refOf(options.configMap());
      await atOnce(AT_ONCE, stale, (name) => api.delete({ ...POD, name, namespace }));
    },
    async verify(_host, { signal }) {
      const api = await kube.connect(signal);
      await waitFor({
        what: `the restarted pods ${podSelector}`,
        forMs: RESTARTED_WITHIN_MS,
        signal,
        probe: async () => {
          const { stale, waiting } = await findStale(api, options);
          if (stale.length === 0 && waiting === 0) return { done: true, value: true };
          return { done: false, seen: `${stale.length} pods with the old configuration, ${waiting} not ready` };
        },
      });
    },
  });
}
