import { PATHS } from '../constants/index.js';
import { step, type AnyStep, type StepContext } from '../engine/index.js';
import { KbsError } from '../errors/index.js';
import type { Plan } from '../events/index.js';
import {
  atOnce,
  describeRef,
  refOf,
  type FieldPath,
  type KubeAccess,
  type KubeApi,
  type KubeObject,
  type ObjectDiff,
} from '../kube/index.js';
import { unifiedDiff } from '../steps/index.js';
import { printYaml } from '../yaml/index.js';

/** Objects of the API a cluster shall have. */
export interface ObjectsStepOptions {
  /** Stable identifier, `<aspect>/<thing>`. */
  readonly id: string;
  readonly title: string;
  /** Default: 120 000. */
  readonly timeoutMs?: number;
  readonly kube: KubeAccess;
  /** Told the API where one answers. */
  readonly objects: (api: KubeApi | undefined) => readonly KubeObject[] | Promise<readonly KubeObject[]>;
  /** Fields that stay as somebody else than kbs has set them in the cluster. */
  readonly keep?: (object: KubeObject) => readonly FieldPath[];
  /** Waited for before the first change, and only when there is one. */
  readonly before?: (api: KubeApi, context: StepContext) => Promise<void>;
  /** Waited for after the last change, and only when there was one. */
  readonly after?: (api: KubeApi, context: StepContext) => Promise<void>;
}

interface SeenObject {
  readonly object: KubeObject;
  readonly diff: ObjectDiff;
}

interface Seen {
  readonly objects: readonly SeenObject[];
  /** The cluster has been made, and its API does not answer: nobody knows which of the objects are there. */
  readonly isUnknown: boolean;
}

const TIMEOUT_MS = 120_000;
const AT_ONCE = 8;

/** What others refer to comes first: namespaces, then accounts, rights and configuration, then what runs. */
function rank({ kind }: KubeObject): number {
  if (kind === 'Namespace' || kind === 'CustomResourceDefinition') return 0;
  return kind === 'DaemonSet' || kind === 'Deployment' || kind === 'StatefulSet' || kind === 'Job' ? 2 : 1;
}

async function look(api: KubeApi | undefined, options: ObjectsStepOptions): Promise<readonly SeenObject[]> {
  const objects = await options.objects(api);
  // Without an API there is no cluster yet: everything is to be made.
  if (api === undefined) return objects.map((object) => ({ object, diff: { change: 'create', after: printYaml(object) } }));
  return atOnce(AT_ONCE, objects, async (object) => ({ object, diff: await api.diff(object, { keep: options.keep?.(object) ?? [] }) }));
}

function pending(seen: readonly SeenObject[]): readonly SeenObject[] {
  return seen.filter(({ diff }) => diff.change !== 'none');
}

function nameOf({ object }: SeenObject): string {
  return describeRef(refOf(object));
}

/** What would be made and changed, with the differences as YAML. Pure. */
function planOf({ objects, isUnknown }: Seen): Plan {
  const changes = pending(objects);
  if (changes.length === 0) return { change: 'none' };
  if (isUnknown) return { change: 'unknown', summary: `unknown until the API answers: ${changes.map(nameOf).join(', ')}` };
  const isNew = changes.every(({ diff }) => diff.change === 'create');
  const named = (change: 'create' | 'update', verb: string): string[] => {
    const names = changes.filter(({ diff }) => diff.change === change).map(nameOf);
    return names.length === 0 ? [] : [`${verb} ${names.join(', ')}`];
  };
  return {
    change: isNew ? 'create' : 'update',
    summary: [...named('create', 'create'), ...named('update', 'change')].join('; '),
    diff: changes.map((change) => unifiedDiff(nameOf(change), change.diff.before, change.diff.after)).join(''),
  };
}

function showManagedFields({ kind, metadata: { name, namespace } }: KubeObject): string {
  const where = namespace === undefined ? '' : ` -n ${namespace}`;
  return `kubectl --kubeconfig ${PATHS.adminKubeconfig}${where} get ${kind.toLowerCase()} ${name} --show-managed-fields -o yaml`;
}

/** Brings objects of the API to a declared state by server-side apply; in plans by its dry run. */
export function objectsStep(options: ObjectsStepOptions): AnyStep {
  const { kube, keep } = options;
  return step<Seen>({
    id: options.id,
    title: options.title,
    timeoutMs: options.timeoutMs ?? TIMEOUT_MS,
    async probe(_host, { signal }) {
      const api = await kube.tryConnect(signal);
      return { objects: await look(api, options), isUnknown: api === undefined && (await kube.isMade?.()) === true };
    },
    plan: planOf,
    async apply(_host, { objects: seen }, context) {
      const api = await kube.connect(context.signal);
      await options.before?.(api, context);
      const changes = pending(seen);
      for (const stage of [0, 1, 2]) {
        const objects = changes.map(({ object }) => object).filter((object) => rank(object) === stage);
        await atOnce(AT_ONCE, objects, (object) => api.apply(object, { keep: keep?.(object) ?? [] }));
      }
    },
    async verify(_host, context) {
      const api = await kube.connect(context.signal);
      const wrong = pending(await look(api, options));
      const [first] = wrong;
      if (first === undefined) return options.after?.(api, context);
      throw new KbsError('VERIFY_FAILED', `not as they were applied: ${wrong.map(nameOf).join(', ')}`, {
        details: wrong.map((object) => unifiedDiff(nameOf(object), object.diff.before, object.diff.after)),
        remedy: [`${showManagedFields(first.object)}   # who else changes it?`],
      });
    },
  });
}
