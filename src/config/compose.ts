import { homedir } from 'node:os';
import { dirname, resolve } from 'node:path';
import { KbsError } from '../errors/index.js';
import { formatPath, valueAt, type DocumentPath } from './document-path.js';
import { checkDocument, invalid, pathKindOnDisk, readText } from './load.js';
import type { Problem } from './problem.js';
import type { ClusterFileInput, ClusterSpec } from './schema.js';
import { readYaml, type YamlSource } from './yaml-source.js';

/** A cluster put together from flags and a part of a cluster file. */
export interface ComposeOptions {
  /** A cluster file without hosts; everything else in it may be left out too. */
  readonly fragmentFile: string | undefined;
  /** What is known without the fragment; it wins. Fields that are undefined count as absent. Local paths must be absolute. */
  readonly overlay: Pick<ClusterFileInput, 'metadata' | 'spec'>;
  /** What holds when neither fragment nor overlay says anything. */
  readonly defaults?: Pick<ClusterFileInput, 'metadata'> & { readonly spec?: Partial<ClusterFileInput['spec']> };
  /** What the user calls the fields of the overlay, by their path: `spec.network.podSubnet` → `--pod-network-cidr`. */
  readonly names: Readonly<Record<string, string>>;
  /** The hosts are not all there are: the control planes are elsewhere. */
  readonly lacksControlPlanes?: boolean;
}

/** What came of it. */
export interface ComposedCluster {
  readonly spec: ClusterSpec;
  /** What stands in the fragment and is probably not meant: `file:line:col path — message`. */
  readonly warnings: readonly string[];
}

type Fields = Readonly<Record<string, unknown>>;

/** A cluster file's fields that are about other machines than this one. */
const FOREIGN_FIELDS: readonly DocumentPath[] = [
  ['spec', 'hosts'],
  ['spec', 'ssh'],
];

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Objects field by field, anything else as a whole; the second wins where it says something. */
function overlaid(below: unknown, above: unknown): unknown {
  if (above === undefined) return below;
  if (!isFields(above)) return above;
  // What is no object cannot be merged into; the schema then tells of what was there.
  const base = isFields(below) ? below : {};
  const keys = new Set([...Object.keys(base), ...Object.keys(above)]);
  const entries = [...keys].map((key) => [key, overlaid(base[key], above[key])] as const);
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}

/** One source of artifacts has other fields than another: they are not to be mixed. */
function withoutArtifacts(document: unknown): unknown {
  const spec = valueAt(document, ['spec']);
  if (!isFields(document) || !isFields(spec)) return document;
  return { ...document, spec: Object.fromEntries(Object.entries(spec).filter(([key]) => key !== 'artifacts')) };
}

interface Fragment {
  readonly file: string;
  readonly source: YamlSource;
  readonly document: unknown;
}

async function readFragment(file: string): Promise<Fragment> {
  const source = readYaml(await readText(file));
  const lines = source.problems.map(({ position, message }) => `${file}:${position.line}:${position.column} ${message}`);
  if (lines.length > 0) throw invalid(file, lines);
  const document = source.document ?? {};
  if (!isFields(document)) throw invalid(file, [`${file}:1:1 must be an object with fields, as a cluster file is`]);
  return { file, source, document };
}

function placedIn({ file, source }: Fragment, { path, message, atKey }: Problem): string {
  const { line, column } = source.locate(path, atKey);
  return `${file}:${line}:${column} ${formatPath(path)} — ${message}`;
}

function foreignProblems({ document }: Fragment): readonly Problem[] {
  return FOREIGN_FIELDS.filter((path) => valueAt(document, path) !== undefined).map((path) => ({
    path,
    atKey: true,
    message: 'has no place here: without -f the only host is this machine',
  }));
}

/**
 * Makes the spec of a cluster of which this machine is the only host known.
 * @throws KbsError CONFIG_NOT_FOUND; CONFIG_INVALID, or USAGE when only flags are wrong, with every problem as one line of `details`
 */
export async function composeClusterSpec(options: ComposeOptions): Promise<ComposedCluster> {
  const { fragmentFile, overlay, names } = options;
  const fragment = fragmentFile === undefined ? undefined : await readFragment(fragmentFile);
  const envelope = { apiVersion: 'kbs.dev/v1alpha1', kind: 'Cluster' };
  const fromFragment = overlay.spec.artifacts === undefined ? fragment?.document : withoutArtifacts(fragment?.document);
  const given = overlaid(overlaid(envelope, options.defaults), fromFragment);
  const isInFragment = ({ path }: Problem): boolean =>
    valueAt(fragment?.document, path) !== undefined && valueAt(overlay, path) === undefined;
  const context = {
    homeDirectory: homedir(),
    baseDirectory: fragmentFile === undefined ? process.cwd() : dirname(resolve(fragmentFile)),
    pathKind: pathKindOnDisk,
  };
  const document = structuredClone(overlaid(given, overlay));
  const { problems, warnings, spec } = checkDocument(document, context, { lacksControlPlanes: options.lacksControlPlanes ?? false });
  const ofFragment = [...(fragment === undefined ? [] : foreignProblems(fragment)), ...problems.filter(isInFragment)];
  const ofFlags = problems.filter((problem) => !isInFragment(problem));
  const lines = [
    ...(fragment === undefined ? [] : ofFragment.map((problem) => placedIn(fragment, problem))),
    ...ofFlags.map(({ path, message }) => `${names[formatPath(path)] ?? formatPath(path)} — ${message}`),
  ];
  if (fragment !== undefined && ofFragment.length > 0) throw invalid(fragment.file, lines);
  if (spec === undefined || lines.length > 0) throw wrongFlags(lines);
  return { spec, warnings: fragment === undefined ? [] : warnings.filter(isInFragment).map((warning) => placedIn(fragment, warning)) };
}

function wrongFlags(lines: readonly string[]): KbsError {
  const count = lines.length === 1 ? '1 value' : `${lines.length} values`;
  return new KbsError('USAGE', `${count} cannot be used`, { details: lines, remedy: ['add --help to the command: it shows every flag'] });
}
