import { step, type AnyStep } from '../engine/index.js';
import { KbsError } from '../errors/index.js';
import { atOnce, describeRef, type KubeAccess, type KubeApi, type ObjectRef } from '../kube/index.js';

/** Objects of the API a cluster shall not have any more. */
export interface RemoveObjectsStepOptions {
  /** Stable identifier, `<aspect>/<thing>`. */
  readonly id: string;
  readonly title: string;
  readonly kube: KubeAccess;
  readonly objects: readonly ObjectRef[];
}

const TIMEOUT_MS = 60_000;
const AT_ONCE = 8;

async function present(api: KubeApi | undefined, objects: readonly ObjectRef[]): Promise<readonly ObjectRef[]> {
  if (api === undefined) return [];
  const found = await atOnce(AT_ONCE, objects, async (ref) => ({ ref, isThere: (await api.read(ref)) !== undefined }));
  return found.filter(({ isThere }) => isThere).map(({ ref }) => ref);
}

/** Deletes objects that kbs once made; those that are not there are fine. */
export function removeObjectsStep({ kube, objects, ...options }: RemoveObjectsStepOptions): AnyStep {
  return step<readonly ObjectRef[]>({
    ...options,
    timeoutMs: TIMEOUT_MS,
    probe: async (_host, { signal }) => present(await kube.tryConnect(signal), objects),
    plan: (found) =>
      found.length === 0 ? { change: 'none' } : { change: 'remove', summary: `delete ${found.map((ref) => describeRef(ref)).join(', ')}` },
    async apply(_host, found, { signal }) {
      const api = await kube.connect(signal);
      await atOnce(AT_ONCE, found, (ref) => api.delete(ref));
    },
    async verify(_host, { signal }) {
      const left = await present(await kube.connect(signal), objects);
      if (left.length > 0) throw new KbsError('VERIFY_FAILED', `still there: ${left.map((ref) => describeRef(ref)).join(', ')}`);
    },
  });
}
