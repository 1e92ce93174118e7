import { statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, resolve } from 'node:path';
import { KbsError, messageOf } from '../errors/index.js';
import { crossProblems, crossWarnings, type CrossScope } from './cross-checks.js';
import { formatPath, type DocumentPath } from './document-path.js';
import { draftOf } from './draft.js';
import { resolveLocalPaths, type PathContext, type PathKind } from './local-paths.js';
import { describeIssue, type Problem } from './problem.js';
import { clusterFileSchema, type ClusterFileInput, type ClusterSpec } from './schema.js';
import { readYaml, type Position, type YamlSource } from './yaml-source.js';

/** Larger than the file of any cluster; reading stops before memory does. */
const MAX_FILE_BYTES = 4 * 1024 * 1024;

/** A valid cluster file. */
export interface LoadedCluster {
  /** The file as it was named. */
  readonly file: string;
  /** After defaults, local paths absolute, deeply frozen. */
  readonly spec: ClusterSpec;
  /** What is allowed and yet probably not meant: `file:line:col path — message`. */
  readonly warnings: readonly string[];
  /** Place of a field for later errors: `file:line:col` of `['spec', 'hosts', 0, 'address']`. */
  readonly position: (path: DocumentPath) => string;
}

/** How {@link parseClusterFile} understands names of files. */
export interface ParseOptions {
  /** Relative names start here. */
  readonly baseDirectory: string;
  /** What `~` stands for; default: the home directory of the user. */
  readonly homeDirectory?: string;
  /** Asked about each file that must exist; absent: existence is not checked. */
  readonly pathKind?: (path: string) => PathKind;
}

/** What {@link checkDocument} found. */
export interface Checked {
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
  readonly spec: ClusterSpec | undefined;
}

function deepFreeze<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) deepFreeze(inner);
  }
  return value;
}

/** Checks plain values; local paths in `document` are made absolute in place. */
export function checkDocument(document: unknown, context: PathContext, scope: CrossScope = {}): Checked {
  const pathProblems = resolveLocalPaths(document, context);
  const draft = draftOf(document);
  const parsed = clusterFileSchema.safeParse(document);
  const shapeProblems = parsed.success ? [] : parsed.error.issues.flatMap((issue) => describeIssue(issue, document));
  const spec = parsed.success ? deepFreeze({ ...parsed.data.spec, name: parsed.data.metadata.name }) : undefined;
  return { problems: [...shapeProblems, ...crossProblems(draft, scope), ...pathProblems], warnings: crossWarnings(draft), spec };
}

function line(fileName: string, position: Position, text: string): string {
  return `${fileName}:${position.line}:${position.column} ${text}`;
}

interface PlacedMessage {
  readonly position: Position;
  readonly text: string;
}

/** In the order of the file, each only once. */
function inOrder(fileName: string, messages: readonly PlacedMessage[]): readonly string[] {
  const sorted = [...messages].sort((one, other) => one.position.line - other.position.line || one.position.column - other.position.column);
  return [...new Set(sorted.map(({ position, text }) => line(fileName, position, text)))];
}

function placed(source: YamlSource, problems: readonly Problem[]): readonly PlacedMessage[] {
  return problems.map(({ path, message, atKey }) => ({
    position: source.locate(path, atKey),
    text: path.length === 0 ? message : `${formatPath(path)} — ${message}`,
  }));
}

/** The error for a document with problems, each one line. */
export function invalid(name: string, problems: readonly string[]): KbsError {
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
  return new KbsError('CONFIG_INVALID', `${name} has ${count}`, {
    details: problems,
    remedy: ['kbs config schema   # every field with its meaning', 'kbs config init   # a file to start from'],
  });
}

/**
 * Reads the text of a cluster file; pure unless `pathKind` is given.
 * @param fileName stands in front of every problem and warning
 * @throws KbsError CONFIG_INVALID with every problem as one line of `details`
 */
export function parseClusterFile(text: string, fileName: string, options: ParseOptions): LoadedCluster {
  const source = readYaml(text);
  const syntax = source.problems.map(({ position, message }) => ({ position, text: message }));
  if (source.problems.length === 0 && (source.document === null || source.document === undefined)) {
    throw invalid(fileName, [line(fileName, { line: 1, column: 1 }, 'the file is empty')]);
  }
  const context: PathContext = { homeDirectory: homedir(), ...options };
  const nothing: Checked = { problems: [], warnings: [], spec: undefined };
  const { problems, warnings, spec } = source.document === undefined ? nothing : checkDocument(source.document, context);
  if (spec === undefined || syntax.length + problems.length > 0) {
    throw invalid(fileName, inOrder(fileName, [...syntax, ...placed(source, problems)]));
  }
  return {
    file: fileName,
    spec,
    warnings: inOrder(fileName, placed(source, warnings)),
    position: (path) => line(fileName, source.locate(path), '').trimEnd(),
  };
}

/**
 * Makes a spec of values that come from no file (`kbs init` on the machine itself): same checks, same defaults.
 * @throws KbsError CONFIG_INVALID with every problem as one line of `details`
 */
export function clusterSpecOf(input: ClusterFileInput, options: ParseOptions): ClusterSpec {
  const { problems, spec } = checkDocument(structuredClone(input), { homeDirectory: homedir(), ...options });
  if (spec === undefined || problems.length > 0) {
    throw invalid(
      'the cluster',
      problems.map(({ path, message }) => `${formatPath(path)} — ${message}`),
    );
  }
  return spec;
}

/** {@link PathContext.pathKind} for the disk of this machine. */
export function pathKindOnDisk(path: string): PathKind {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return undefined;
  return stats.isDirectory() ? 'directory' : 'file';
}

/** Reads a cluster file, or a part of one. @throws KbsError CONFIG_NOT_FOUND */
export async function readText(path: string): Promise<string> {
  try {
    const bytes = await readFile(path);
    if (bytes.length > MAX_FILE_BYTES) throw new Error(`it has ${bytes.length} bytes; ${MAX_FILE_BYTES} are allowed`);
    return bytes.toString('utf8');
  } catch (cause) {
    throw new KbsError('CONFIG_NOT_FOUND', `cannot read the cluster file ${path}: ${messageOf(cause)}`, {
      remedy: [pathKindOnDisk(path) === undefined ? `kbs config init --file ${path}` : `ls -ld ${path}   # has to be a file you may read`],
      cause,
    });
  }
}

/**
 * Reads and checks a cluster file; the files it names must exist.
 * @throws KbsError CONFIG_NOT_FOUND, or CONFIG_INVALID with every problem as one line of `details`
 */
export async function loadClusterFile(path: string): Promise<LoadedCluster> {
  const text = await readText(path);
  return parseClusterFile(text, path, { baseDirectory: dirname(resolve(path)), pathKind: pathKindOnDisk });
}
