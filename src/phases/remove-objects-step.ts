import { step, waitFor, type AnyStep } from '../engine/index.js';
import { appliedByKbs, atOnce, describeRef, type KubeAccess, type KubeApi, type ObjectRef } from '../kube/index.js';

/** Objects of the API a cluster shall not have any more. */
export interface RemoveObjectsStepOptions {
  /** Stable identifier, `<aspect>/<thing>`. */
  readonly id: string;
  readonly title: string;
  readonly kube: KubeAccess;
  readonly objects: readonly ObjectRef[] | ((api: KubeApi) => Promise<readonly ObjectRef[]>);
  /** Leave alone what kbs did not apply. */
  readonly onlyOwn?: boolean;
}

const TIMEOUT_MS = 180_000;
/** Pods end first, then what they are in. */
const GONE_WITHIN_MS = 120_000;
const AT_ONCE = 8;

async function present(
  api: KubeApi | undefined,
  { objects, onlyOwn = false }: Pick<RemoveObjectsStepOptions, 'objects' | 'onlyOwn'>,
): Promise<readonly ObjectRef[]> {
  if (api === undefined) return [];
  const refs = typeof objects === 'function' ? await objects(api) : objects;
  const found = await atOnce(AT_ONCE, refs, async (ref) => {
    const object = await api.read(ref);
    return { ref, isThere: object !== undefined && (!onlyOwn || appliedByKbs(object) !== undefined) };
  });
  return found.filter(({ isThere }) => isThere).map(({ ref }) => ref);
}

/** Deletes objects that kbs once made; those that are not there are fine. */
export function removeObjectsStep(options: RemoveObjectsStepOptions): AnyStep {
  const { id, title, kube } = options;
  return step<readonly ObjectRef[]>({
    id,
    title,
    timeoutMs: TIMEOUT_MS,
    probe: async (_host, { signal }) => present(await kube.tryConnect(signal), options),
    plan: (found) =>
      found.length === 0 ? { change: 'none' } : { change: 'remove', summary: `delete ${found.map((ref) => describeRef(ref)).join(', ')}` },
    async apply(_host, found, { signal }) {
      const api = await kube.connect(signal);
      await atOnce(AT_ONCE, found, (ref) => api.delete(ref));
    },
    async verify(_host, { signal }) {
      const api = await kube.connect(signal);
      await waitFor({
        what: 'deleted objects to be gone',
        forMs: GONE_WITHIN_MS,
        signal,
        probe: async () => {
          const left = await present(api, options);
          if (left.length === 0) return { done: true, value: undefined };
          return { done: false, seen: `still there: ${left.map((ref) => describeRef(ref)).join(', ')}` };
        },
      });
    },
  });
}
