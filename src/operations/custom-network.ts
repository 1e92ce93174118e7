import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ClusterSpec } from '../config/index.js';
import { KbsError, messageOf } from '../errors/index.js';
import { describeRef, refOf, type KubeObject } from '../kube/index.js';
import type { CustomNetworkSource } from '../phases/index.js';
import { parseYamlStream } from '../yaml/index.js';

/** Kinds of a pod network's manifests that live in a namespace. kubectl would put them into "default", where nobody means them to be. */
const NAMESPACED: ReadonlySet<string> = new Set([
  ...['ConfigMap', 'Pod', 'Secret', 'Service', 'ServiceAccount'].map((kind) => `v1 ${kind}`),
  ...['DaemonSet', 'Deployment', 'StatefulSet'].map((kind) => `apps/v1 ${kind}`),
  ...['Role', 'RoleBinding'].map((kind) => `rbac.authorization.k8s.io/v1 ${kind}`),
  ...['CronJob', 'Job'].map((kind) => `batch/v1 ${kind}`),
  'networking.k8s.io/v1 NetworkPolicy',
  'policy/v1 PodDisruptionBudget',
  'coordination.k8s.io/v1 Lease',
]);

/** An object, and the file it is from. */
interface Found {
  readonly file: string;
  readonly object: KubeObject;
}

function invalid(details: readonly string[]): KbsError {
  return new KbsError('CONFIG_INVALID', 'the manifests of spec.network.cni cannot be used', {
    details,
    remedy: ['kubectl apply --dry-run=server -f FILE   # on a cluster that runs'],
  });
}

async function filesAt(path: string): Promise<readonly string[]> {
  if (!(await stat(path)).isDirectory()) return [path];
  const names = (await readdir(path)).filter((name) => /\.(ya?ml|json)$/.test(name)).sort();
  if (names.length === 0) throw invalid([`${path} — has no file that ends with .yaml, .yml or .json`]);
  return names.map((name) => join(path, name));
}

type Fields = Readonly<Record<string, unknown>>;

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What a document says is wrong with it; undefined: it is an object of the API. */
function problemOf(document: Fields): string | undefined {
  const { apiVersion, kind, metadata } = document;
  if (typeof apiVersion !== 'string' || typeof kind !== 'string') return 'a document without apiVersion and kind';
  if (!isFields(metadata) || typeof metadata['name'] !== 'string') return `a ${kind} without a name`;
  if (metadata['namespace'] === undefined && NAMESPACED.has(`${apiVersion} ${kind}`)) return `${kind} ${metadata['name']} has no namespace`;
  return undefined;
}

/** The documents of a text; those that are lists taken apart, empty ones left out. */
function documentsIn(file: string, text: string): readonly unknown[] {
  try {
    const documents = parseYamlStream(text).filter((document) => document !== null && document !== undefined);
    return documents.flatMap((document) =>
      isFields(document) && Array.isArray(document['items']) ? (document['items'] as unknown[]) : [document],
    );
  } catch (cause) {
    throw invalid([`${file} — ${messageOf(cause)}`]);
  }
}

async function objectsIn(file: string): Promise<{ readonly found: readonly Found[]; readonly problems: readonly string[] }> {
  const documents = documentsIn(file, await readFile(file, 'utf8'));
  const problems = documents.flatMap((document) => {
    const problem = isFields(document) ? problemOf(document) : 'a document that is no object';
    return problem === undefined ? [] : [`${file} — ${problem}`];
  });
  return { problems, found: problems.length > 0 ? [] : documents.map((document) => ({ file, object: document as KubeObject })) };
}

function duplicates(all: readonly Found[]): readonly string[] {
  const first = new Map<string, string>();
  return all.flatMap(({ file, object }) => {
    const name = `${object.apiVersion} ${describeRef(refOf(object))}`;
    const earlier = first.get(name);
    first.set(name, earlier ?? file);
    return earlier === undefined ? [] : [`${file} — ${name} is in ${earlier} already`];
  });
}

async function readAll(paths: readonly string[]): Promise<readonly KubeObject[]> {
  const files = (await Promise.all(paths.map(filesAt))).flat();
  const read = await Promise.all(files.map(objectsIn));
  const found = read.flatMap((one) => one.found);
  const problems = [...read.flatMap((one) => one.problems), ...duplicates(found)];
  if (problems.length > 0) throw invalid(problems);
  return found.map(({ object }) => object);
}

/** Reads the manifests of the user's own pod network when they are first asked for. */
export function createCustomNetworkSource({ network }: Pick<ClusterSpec, 'network'>): CustomNetworkSource {
  const { type, manifests = [] } = network.cni;
  let objects: Promise<readonly KubeObject[]> | undefined;
  return () => (objects ??= type === 'custom' ? readAll(manifests) : Promise.resolve([]));
}
