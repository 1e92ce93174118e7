import { NAMESPACES, PATHS } from '../../constants/index.js';
import { waitFor, type AnyStep, type StepContext } from '../../engine/index.js';
import { tryParseJson } from '../../json/index.js';
import { atOnce, describeRef, refOf, type KubeAccess, type KubeApi, type KubeObject, type ObjectRef } from '../../kube/index.js';
import { locateImage, type ArtifactStore } from '../../bundle/index.js';
import { configMap } from '../manifest.js';
import { objectsStep } from '../objects-step.js';
import { waitForDefinitions } from './definitions-wait.js';

/** Everything that was ever applied of the user's manifests: what left the files is found by it. It only grows; what is gone is not missed. */
const INVENTORY = { name: 'kbs-pod-network', namespace: NAMESPACES.system } as const;
const FIELD = 'objects';

const ROLLED_OUT_WITHIN_MS = 300_000;
const AT_ONCE = 8;

function keyOf({ apiVersion, kind, namespace = '', name }: ObjectRef): string {
  return JSON.stringify([apiVersion, kind, namespace, name]);
}

function refIn(line: string): readonly ObjectRef[] {
  const [apiVersion = '', kind = '', namespace = '', name = ''] = (tryParseJson(line) ?? []) as readonly string[];
  return name === '' ? [] : [{ apiVersion, kind, name, ...(namespace === '' ? {} : { namespace }) }];
}

/** Objects of the user's own pod network that kbs has applied to the cluster, now or earlier. */
export async function appliedCustomObjects(api: KubeApi): Promise<readonly ObjectRef[]> {
  const live = await api.read({ apiVersion: 'v1', kind: 'ConfigMap', ...INVENTORY });
  const data = live?.['data'] as Readonly<Record<string, string>> | undefined;
  return (data?.[FIELD] ?? '').split('\n').flatMap(refIn);
}

/** Those references that are not of these objects. Pure. */
export function unlessAmong(refs: readonly ObjectRef[], objects: readonly KubeObject[]): readonly ObjectRef[] {
  const wanted = new Set(objects.map((object) => keyOf(refOf(object))));
  return refs.filter((ref) => !wanted.has(keyOf(ref)));
}

async function inventory(api: KubeApi | undefined, objects: readonly KubeObject[]): Promise<KubeObject> {
  const earlier = api === undefined ? [] : await appliedCustomObjects(api);
  const lines = new Set([...earlier, ...objects.map(refOf)].map(keyOf));
  return configMap(INVENTORY, { [FIELD]: [...lines].sort().join('\n') });
}

interface DaemonSetStatus {
  readonly observedGeneration?: number;
  readonly desiredNumberScheduled?: number;
  readonly updatedNumberScheduled?: number;
  readonly numberReady?: number;
}

/** Why a DaemonSet does not run everywhere yet; undefined: it does. Pure. */
export function rolloutProblem(daemonSet: KubeObject | undefined): string | undefined {
  if (daemonSet === undefined) return 'is gone';
  const status = (daemonSet['status'] ?? {}) as DaemonSetStatus;
  const { observedGeneration = 0, desiredNumberScheduled: wanted = 0, updatedNumberScheduled = 0, numberReady = 0 } = status;
  if (observedGeneration < (daemonSet.metadata.generation ?? 0)) return 'was not looked at by its controller yet';
  const running = Math.min(updatedNumberScheduled, numberReady);
  return running < wanted ? `runs on ${running} of ${wanted} nodes` : undefined;
}

/** Only what runs on every node: the rest may have to wait for nodes that are still to come. */
async function waitForDaemonSets(api: KubeApi, objects: readonly KubeObject[], { signal }: Pick<StepContext, 'signal'>): Promise<void> {
  const refs = objects.filter(({ kind }) => kind === 'DaemonSet').map(refOf);
  await waitFor({
    what: 'the pod network to run on every node',
    forMs: ROLLED_OUT_WITHIN_MS,
    signal,
    remedy: [`kubectl --kubeconfig ${PATHS.adminKubeconfig} get pods -A -o wide   # then the logs of those of the pod network`],
    probe: async () => {
      const found = await atOnce(AT_ONCE, refs, async (ref) => ({ ref, problem: rolloutProblem(await api.read(ref)) }));
      const late = found.filter(({ problem }) => problem !== undefined);
      if (late.length === 0) return { done: true, value: true };
      return { done: false, seen: late.map(({ ref, problem }) => `${describeRef(ref)} ${problem ?? ''}`).join(', ') };
    },
  });
}

/** The user's own pod network: noted, its kinds, then everything else, waited for. */
export function customNetworkSteps(kube: KubeAccess, objects: readonly KubeObject[]): readonly AnyStep[] {
  if (objects.length === 0) return [];
  const isDefinition = ({ kind }: KubeObject): boolean => kind === 'CustomResourceDefinition';
  const definitions = objects.filter(isDefinition);
  const others = objects.filter((object) => !isDefinition(object));
  return [
    objectsStep({
      id: 'custom-network/note',
      title: 'Note what the pod network consists of',
      kube,
      objects: async (api) => [await inventory(api, objects)],
    }),
    ...(definitions.length === 0
      ? []
      : [objectsStep({ id: 'custom-network/definitions', title: 'Define the pod network’s kinds', kube, objects: () => definitions })]),
    objectsStep({
      id: 'custom-network/objects',
      title: 'Deploy the pod network',
      timeoutMs: ROLLED_OUT_WITHIN_MS + 120_000,
      kube,
      objects: () => others,
      before: (api, step) => waitForDefinitions(api, definitions, step),
      after: (api, step) => waitForDaemonSets(api, others, step),
    }),
  ];
}

interface PodTemplate {
  readonly containers?: readonly { readonly image?: string }[];
  readonly initContainers?: readonly { readonly image?: string }[];
}

/** Images of the network that the artifacts have an archive of; the kubelets pull the others. Pure. */
export function customNetworkImages(
  objects: readonly KubeObject[],
  { catalogue }: Pick<ArtifactStore, 'catalogue'>,
  architecture: string,
): readonly string[] {
  const images = objects.flatMap((object) => {
    const spec = object['spec'] as (PodTemplate & { readonly template?: { readonly spec?: PodTemplate } }) | undefined;
    const { containers = [], initContainers = [] } = spec?.template?.spec ?? spec ?? {};
    return [...initContainers, ...containers].flatMap(({ image }) => (image === undefined ? [] : [image]));
  });
  return [...new Set(images)].filter((reference) => locateImage(catalogue, { kind: 'images', reference, architecture }) !== undefined);
}
