import { join, resolve } from 'node:path';
import { valueAt, type DocumentPath } from './document-path.js';
import type { Problem } from './problem.js';

/** What stands at a path of this machine. */
export type PathKind = 'file' | 'directory' | undefined;

/** How names of files in a cluster file are understood. */
export interface PathContext {
  /** Relative names start here: the folder of the cluster file. */
  readonly baseDirectory: string;
  /** What `~` stands for. */
  readonly homeDirectory: string;
  /** Asked about each file that must exist; absent: existence is not checked. */
  readonly pathKind?: ((path: string) => PathKind) | undefined;
}

type Fields = Record<string | number, unknown>;

function fieldsAt(document: unknown, path: DocumentPath): Fields | undefined {
  const value = valueAt(document, path);
  return typeof value === 'object' && value !== null ? (value as Fields) : undefined;
}

/** Absolute form of a name in the cluster file. */
function resolveLocalPath(name: string, context: PathContext): string {
  if (name === '~' || name.startsWith('~/')) return join(context.homeDirectory, name.slice(1));
  return resolve(context.baseDirectory, name);
}

/** Whether a text is a URL rather than a path. */
function isUrl(text: string): boolean {
  return /^https?:\/\//i.test(text);
}

interface Reference {
  readonly owner: DocumentPath;
  readonly field: string;
  readonly expected?: ExpectedKind;
}

/** What has to be at a path; `any`: a file or a folder. */
type ExpectedKind = 'file' | 'directory' | 'any';

function sshReferences(owner: DocumentPath): readonly Reference[] {
  return [
    { owner, field: 'identityFile', expected: 'file' },
    { owner: [...owner, 'bastion'], field: 'identityFile', expected: 'file' },
    { owner, field: 'knownHostsFile' },
  ];
}

/** Every field of the document that names something on this machine. */
function references(document: unknown): readonly Reference[] {
  const indexes = (path: DocumentPath): readonly number[] => Object.keys(fieldsAt(document, path) ?? {}).map(Number);
  const manifests = ['spec', 'network', 'cni', 'manifests'];
  const registries = ['spec', 'containerRuntime', 'registries'];
  return [
    ...sshReferences(['spec', 'ssh']),
    ...indexes(['spec', 'hosts']).flatMap((index) => sshReferences(['spec', 'hosts', index, 'ssh'])),
    ...indexes(registries).flatMap((index): readonly Reference[] => [
      { owner: [...registries, index], field: 'caFile', expected: 'file' },
      { owner: [...registries, index, 'credentials'], field: 'passwordFile', expected: 'file' },
    ]),
    ...indexes(manifests).map((index): Reference => ({ owner: manifests, field: String(index), expected: 'any' })),
    ...['caFile', 'certFile', 'keyFile'].map((field): Reference => ({ owner: ['spec', 'etcd', 'external'], field, expected: 'file' })),
    { owner: ['spec', 'artifacts'], field: 'checksums', expected: 'file' },
    { owner: ['spec', 'artifacts'], field: 'path', expected: 'directory' },
  ];
}

function kindProblem(path: string, expected: ExpectedKind, context: PathContext): string | undefined {
  if (context.pathKind === undefined) return undefined;
  const kind = context.pathKind(path);
  if (kind === undefined) return `there is no ${expected === 'directory' ? 'folder' : 'file'} ${path}`;
  return kind === expected || expected === 'any'
    ? undefined
    : `${path} is a ${kind === 'file' ? 'file' : 'folder'}, not a ${expected === 'file' ? 'file' : 'folder'}`;
}

/** Makes every local path of the document absolute, in place, and reports those that lead nowhere. */
export function resolveLocalPaths(document: unknown, context: PathContext): readonly Problem[] {
  const problems: Problem[] = [];
  for (const { owner, field, expected } of references(document)) {
    const fields = fieldsAt(document, owner);
    const name = fields?.[field];
    if (fields === undefined || typeof name !== 'string' || name === '' || isUrl(name)) continue;
    const path = resolveLocalPath(name, context);
    fields[field] = path;
    const message = expected === undefined ? undefined : kindProblem(path, expected, context);
    if (message !== undefined) problems.push({ path: [...owner, field], message });
  }
  return problems;
}
