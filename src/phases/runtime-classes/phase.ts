import { step, type AnyStep, type Phase } from '../../engine/index.js';
import { KbsError } from '../../errors/index.js';
import { atOnce, type KubeAccess, type KubeApi } from '../../kube/index.js';
import type { RunContext } from '../context.js';
import { objectsStep } from '../objects-step.js';
import { skipWithoutControlPlane } from '../skip-without-control-plane.js';
import { OWN_CLASS, runtimeClassObjects } from './objects.js';

const CLASS = { apiVersion: 'node.k8s.io/v1', kind: 'RuntimeClass' } as const;
const AT_ONCE = 4;

/** Names of classes that kbs made and the file no longer asks for; those of others are not looked at. */
async function staleClasses(api: KubeApi | undefined, wanted: readonly string[]): Promise<readonly string[]> {
  if (api === undefined) return [];
  const own = await api.list(CLASS, { labelSelector: OWN_CLASS });
  return own.map(({ metadata }) => metadata.name).filter((name) => !wanted.includes(name));
}

function removeStaleStep(kube: KubeAccess, wanted: readonly string[]): AnyStep {
  return step<readonly string[]>({
    id: 'runtime-classes/stale',
    title: 'Remove classes the file no longer asks for',
    timeoutMs: 60_000,
    probe: async (_host, { signal }) => staleClasses(await kube.tryConnect(signal), wanted),
    plan: (stale) => (stale.length === 0 ? { change: 'none' } : { change: 'remove', summary: `delete RuntimeClass ${stale.join(', ')}` }),
    async apply(_host, stale, { signal }) {
      const api = await kube.connect(signal);
      await atOnce(AT_ONCE, stale, (name) => api.delete({ ...CLASS, name }));
    },
    async verify(_host, { signal }) {
      const left = await staleClasses(await kube.connect(signal), wanted);
      if (left.length > 0) throw new KbsError('VERIFY_FAILED', `still there: RuntimeClass ${left.join(', ')}`);
    },
  });
}

/** By which pods ask for another runtime than the nodes' own. */
export const runtimeClassesPhase: Phase<Pick<RunContext, 'spec' | 'kube' | 'hosts'>> = {
  name: 'runtime-classes',
  title: 'Offer further runtimes',
  summary: 'applies the RuntimeClass objects the cluster file asks for',
  on: 'cluster',
  after: [],
  waitsFor: ['api-server'],
  skip: skipWithoutControlPlane,
  steps: ({ spec, kube }) => [
    ...(spec.runtimeClasses.length === 0
      ? []
      : [
          objectsStep({
            id: 'runtime-classes/objects',
            title: `Offer ${spec.runtimeClasses.join(', ')}`,
            kube,
            objects: () => runtimeClassObjects(spec),
          }),
        ]),
    removeStaleStep(kube, spec.runtimeClasses),
  ],
};
