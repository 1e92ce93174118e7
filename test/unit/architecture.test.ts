import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';

const SRC = fileURLToPath(new URL('../../src', import.meta.url));

/** What each folder of src may import besides itself: downwards only. `secret`, `errors`, `constants` and `json` are open to all above them. */
const LOWEST = ['secret', 'errors', 'constants', 'json'];
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  secret: [],
  errors: [],
  constants: [],
  json: [],
  yaml: [],
  events: [],
  host: ['https'],
  versions: ['config'],
  config: ['yaml', 'versions'],
  pki: [],
  kubeconfig: ['pki', 'yaml'],
  discovery: ['pki', 'kubeconfig', 'yaml'],
  render: ['yaml'],
  bundle: ['versions', 'config'],
  https: [],
  kube: ['host', 'events', 'yaml', 'https'],
  etcd: ['host', 'https'],
  ssh: ['host', 'events'],
  local: ['host', 'events'],
  engine: ['events', 'host'],
  ui: ['events'],
  steps: ['engine', 'events', 'host', 'yaml'],
  phases: ['steps', 'engine', 'events', 'render', 'pki', 'kubeconfig', 'bundle', 'host', 'kube', 'etcd', 'config', 'versions', 'yaml'],
  operations: [
    ...['phases', 'engine', 'events', 'render', 'pki', 'kubeconfig', 'bundle', 'host', 'kube', 'etcd', 'config', 'versions', 'yaml'],
    ...['ssh', 'local', 'discovery'],
  ],
  completion: [],
  commands: ['operations', 'ui', 'config', 'events', 'kubeconfig', 'versions', 'completion'],
};

/** Folders that may import a package: one each, with the reason where there are more. */
const PACKAGE_FOLDERS: Readonly<Record<string, readonly string[]>> = {
  // Turns for requests on a connection, for objects of one apply, and for keys in the thread pool.
  'p-limit': ['https', 'kube', 'pki'],
  // A parser for three kinds of documents: the cluster file with its positions, kubeconfigs, Kubernetes objects.
  yaml: ['config', 'kubeconfig', 'kube', 'yaml'],
};

interface Import {
  readonly from: string;
  /** Path below src for own files, package name for others. */
  readonly to: string;
  readonly isOwn: boolean;
}

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'));
const imports = files.flatMap(readImports);
const folderOf = (path: string): string => path.split('/')[0] ?? '';

function readImports(file: string): readonly Import[] {
  const { importedFiles } = ts.preProcessFile(readFileSync(join(SRC, file), 'utf8'), true, true);
  return importedFiles
    .map(({ fileName }) => fileName)
    .filter((name) => !name.startsWith('node:'))
    .map((name) => {
      if (!name.startsWith('.')) return { from: file, to: packageName(name), isOwn: false };
      const target = relative(SRC, resolve(SRC, dirname(file), name)).replace(/\.js$/, '.ts');
      return { from: file, to: target, isOwn: true };
    });
}

function packageName(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

describe('layers', () => {
  test('every folder of src has its place in the table', () => {
    expect(Object.keys(MAY_IMPORT)).toEqual(expect.arrayContaining([...new Set(files.map(folderOf))]));
  });

  test('imports go downwards only', () => {
    const wrong = imports
      .filter(({ from, to, isOwn }) => isOwn && folderOf(from) !== folderOf(to))
      .filter(({ from, to }) => !isAllowed(folderOf(from), folderOf(to)))
      .map(({ from, to }) => `${from} imports ${to}`);
    expect(wrong).toEqual([]);
  });

  test('what is lowest imports nothing of ours but other lowest folders', () => {
    const wrong = imports.filter(({ from, to, isOwn }) => isOwn && LOWEST.includes(folderOf(from)) && !LOWEST.includes(folderOf(to)));
    expect(wrong).toEqual([]);
  });

  test('another folder is entered by its index only', () => {
    const wrong = imports
      .filter(({ from, to, isOwn }) => isOwn && folderOf(from) !== folderOf(to) && !/^[^/]+(\/[^/]+)?\/index\.ts$/.test(to))
      .map(({ from, to }) => `${from} imports ${to}`);
    expect(wrong).toEqual([]);
  });
});

function isAllowed(from: string, to: string): boolean {
  return LOWEST.includes(to) || (MAY_IMPORT[from] ?? []).includes(to);
}

test('no file imports itself over others', () => {
  const graph = new Map(files.map((file) => [file, imports.filter(({ from, isOwn }) => isOwn && from === file).map(({ to }) => to)]));
  expect(findCycle(graph)).toBeUndefined();
});

test('a package is imported by one folder', () => {
  const users = new Map<string, Set<string>>();
  for (const { from, to, isOwn } of imports) if (!isOwn) users.set(to, (users.get(to) ?? new Set()).add(folderOf(from)));
  const wrong = [...users].filter(([name, folders]) => {
    const allowed = PACKAGE_FOLDERS[name];
    return allowed ? [...folders].some((folder) => !allowed.includes(folder)) : folders.size > 1;
  });
  expect(wrong.map(([name, folders]) => `${name}: ${[...folders].join(', ')}`)).toEqual([]);
});

test('no file or folder has a name that says nothing', () => {
  expect(files.filter((file) => /(^|\/)(utils?|helpers?|common|managers?|misc)(\/|\.ts$|-|\.)/.test(file))).toEqual([]);
});

/** A way from a file back to itself; undefined when there is none. */
function findCycle(graph: ReadonlyMap<string, readonly string[]>): readonly string[] | undefined {
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): readonly string[] | undefined => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return undefined;
    for (const next of graph.get(file) ?? []) {
      const cycle = visit(next, [...path, file]);
      if (cycle) return cycle;
    }
    done.add(file);
    return undefined;
  };
  for (const file of graph.keys()) {
    const cycle = visit(file, []);
    if (cycle) return cycle;
  }
  return undefined;
}
