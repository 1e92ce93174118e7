import { isDeepStrictEqual } from 'node:util';
import { FIELD_MANAGER } from '../constants/index.js';
import { printYaml } from '../yaml/index.js';
import type { FieldPath, KubeObject } from './types.js';

type Fields = Readonly<Record<string, unknown>>;

/** Metadata that only the server writes. */
const SERVER_METADATA: ReadonlySet<string> = new Set([
  'managedFields',
  'resourceVersion',
  'uid',
  'creationTimestamp',
  'generation',
  'selfLink',
]);

/** Annotations that controllers and the server count with. Source: Kubernetes v1.25 apps/v1. */
const SERVER_ANNOTATIONS: ReadonlySet<string> = new Set(['deprecated.daemonset.template.generation', 'deployment.kubernetes.io/revision']);

const HIDDEN = '(hidden)';
const HIDDEN_CHANGE = '(hidden, other than before)';

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function without(fields: Fields, names: ReadonlySet<string>): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !names.has(name)));
}

/** An object without status and without what only the server writes. */
function declaredPart(object: KubeObject): KubeObject {
  const metadata = without(object.metadata, SERVER_METADATA);
  const annotations = isFields(metadata['annotations']) ? without(metadata['annotations'], SERVER_ANNOTATIONS) : {};
  const others = without(metadata, new Set(['annotations']));
  const kept = Object.keys(annotations).length === 0 ? others : { ...others, annotations };
  return { ...without(object, new Set(['status'])), metadata: kept } as KubeObject;
}

/** Whether two states of an object are the same apart from status and server-side fields. */
export function isSameDeclared(one: KubeObject, other: KubeObject): boolean {
  return isDeepStrictEqual(declaredPart(one), declaredPart(other));
}

function hideValues(fields: unknown, before: unknown): unknown {
  if (!isFields(fields)) return fields;
  const old = isFields(before) ? before : {};
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, name in old && old[name] !== value ? HIDDEN_CHANGE : HIDDEN]),
  );
}

/** Two states as YAML for people: a Secret's values are never shown, only that they differ. */
export function showStates(before: KubeObject | undefined, after: KubeObject): { readonly before?: string; readonly after: string } {
  const show = (object: KubeObject, than?: KubeObject): string => {
    const declared = declaredPart(object);
    if (declared.kind !== 'Secret') return printYaml(declared);
    const hidden: Record<string, unknown> = { ...declared };
    for (const name of ['data', 'stringData']) if (name in hidden) hidden[name] = hideValues(hidden[name], than?.[name]);
    return printYaml(hidden);
  };
  return before === undefined ? { after: show(after) } : { before: show(before), after: show(after, before) };
}

/** One entry of `metadata.managedFields`. Source: k8s.io/apimachinery meta/v1 ManagedFieldsEntry. */
interface ManagedFields {
  readonly manager?: string;
  readonly operation?: string;
  readonly time?: string;
  readonly subresource?: string;
  readonly fieldsV1?: unknown;
}

function owns(entry: ManagedFields, path: FieldPath): boolean {
  let fields: unknown = entry.fieldsV1;
  for (const key of path) {
    if (!isFields(fields)) return false;
    fields = fields[typeof key === 'string' ? `f:${key}` : `k:${JSON.stringify(key)}`];
  }
  return fields !== undefined;
}

/** What the server keeps of kbs's last apply that changed an object; undefined when kbs never applied it: then it is somebody else's. */
export function appliedByKbs(live: KubeObject): { readonly time?: string } | undefined {
  const entries = (live.metadata['managedFields'] ?? []) as readonly ManagedFields[];
  return entries.find(({ manager, operation }) => manager === FIELD_MANAGER && operation === 'Apply');
}

/** Whether somebody else than kbs has set a field of an object in the cluster. */
export function isSetByOthers(live: KubeObject, path: FieldPath): boolean {
  const entries = live.metadata['managedFields'];
  if (!Array.isArray(entries)) return false;
  return (entries as readonly ManagedFields[]).some((entry) => entry.manager !== FIELD_MANAGER && owns(entry, path));
}

/** A copy of an object without one field. */
export function withoutField(object: KubeObject, path: FieldPath): KubeObject {
  return withoutPath(object, path) as KubeObject;
}

function withoutPath(value: unknown, [key, ...rest]: FieldPath): unknown {
  if (typeof key === 'object') {
    if (!Array.isArray(value)) return value;
    return value.map((entry: unknown) => (isFields(entry) && entry['name'] === key.name ? withoutPath(entry, rest) : entry));
  }
  if (key === undefined || !isFields(value) || !(key in value)) return value;
  const { [key]: child, ...others } = value;
  return rest.length === 0 ? others : { ...others, [key]: withoutPath(child, rest) };
}
