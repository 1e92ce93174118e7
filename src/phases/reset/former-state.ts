import { PATHS, UNITS } from '../../constants/index.js';
import { KbsError } from '../../errors/index.js';
import type { JournalEntry } from '../../host/index.js';
import { BASELINE_NOTES, GROUP_NOTE, treeContentNote } from '../baseline/index.js';

type Entry<Kind extends JournalEntry['kind']> = Extract<JournalEntry, { readonly kind: Kind }>;

/** What a host was like before kbs, read from its journal; lists in the order things have to be undone: the last change first. */
export interface FormerState {
  readonly paths: readonly Entry<'path'>[];
  readonly trees: readonly Entry<'tree'>[];
  readonly sysctls: readonly Entry<'sysctl'>[];
  readonly modules: readonly string[];
  readonly units: readonly Entry<'unit'>[];
  readonly packages: readonly string[];
  /** References of images kbs brought. */
  readonly images: readonly string[];
  /** References that were in the runtime's namespace of Kubernetes; undefined when there was no such namespace. */
  readonly runtimeImages: ReadonlySet<string> | undefined;
  readonly links: ReadonlySet<string>;
  readonly mounts: ReadonlySet<string>;
  /** `family table`; undefined when the host could not say: then no table is known to be kbs's. */
  readonly nftTables: ReadonlySet<string> | undefined;
  /** `family table chain` */
  readonly nftChains: ReadonlySet<string>;
  /** `iptables CHAIN`, `ip6tables CHAIN` */
  readonly chains: ReadonlySet<string>;
  /** Routes of BGP daemons and of Calico, as `ip route` prints them; undefined when nobody looked: then none is known to be the cluster's. */
  readonly routes: ReadonlySet<string> | undefined;
  /** `-t 10.96.0.1:443` */
  readonly virtualServers: ReadonlySet<string>;
  /** What was in a tree that fills by itself, relative to it, two levels deep; undefined for any other folder. */
  readonly contentOf: (tree: string) => ReadonlySet<string> | undefined;
  /** containerd ran before kbs: it goes on, and only what kbs brought into it goes. */
  readonly keepsRuntime: boolean;
  /** Docker Engine: never touched by kbs, brought by it, or made use of and kept. */
  readonly docker: 'untouched' | 'brought' | 'kept';
  /** CRI-O came with kbs. */
  readonly hasCrio: boolean;
  /** Kata came with kbs. */
  readonly hasKata: boolean;
  /** Groups that packages of kbs made. */
  readonly groups: readonly string[];
}

/**
 * Reads a journal. undefined when kbs never came to change the host: the baseline, which precedes every change, is not complete.
 * @throws KbsError FILE_READ for a note that is damaged
 */
export function formerState(entries: readonly JournalEntry[]): FormerState | undefined {
  const backwards = [...entries].reverse();
  const all = <Kind extends JournalEntry['kind']>(kind: Kind): readonly Entry<Kind>[] =>
    backwards.filter((entry): entry is Entry<Kind> => entry.kind === kind);
  const notes = new Map(all('note').map(({ name, value }) => [name, value]));
  if (!notes.has(BASELINE_NOTES.done)) return undefined;
  const list = (name: string): ReadonlySet<string> => new Set(parseList(name, notes.get(name)));
  const contentOf = (tree: string): ReadonlySet<string> | undefined => {
    const note = treeContentNote(tree);
    return notes.has(note) ? list(note) : undefined;
  };
  const units = all('unit');
  const ran = units.some(({ unit, active }) => unit === UNITS.containerd && active === 'active');
  return {
    paths: all('path'),
    trees: all('tree'),
    sysctls: all('sysctl'),
    modules: all('module').map(({ name }) => name),
    units,
    packages: all('package').map(({ name }) => name),
    images: all('note').flatMap(({ name }) => (name.startsWith(IMAGE_NOTE) ? [name.slice(IMAGE_NOTE.length)] : [])),
    runtimeImages: notes.has(BASELINE_NOTES.runtimeImages) ? list(BASELINE_NOTES.runtimeImages) : undefined,
    links: list(BASELINE_NOTES.links),
    mounts: list(BASELINE_NOTES.mounts),
    nftTables: notes.has(BASELINE_NOTES.nftTables) ? list(BASELINE_NOTES.nftTables) : undefined,
    nftChains: list(BASELINE_NOTES.nftChains),
    chains: list(BASELINE_NOTES.chains),
    routes: notes.has(BASELINE_NOTES.routes) ? list(BASELINE_NOTES.routes) : undefined,
    virtualServers: list(BASELINE_NOTES.virtualServers),
    contentOf,
    keepsRuntime: ran,
    docker: dockerOf(units),
    hasCrio: units.some(({ unit }) => unit === UNITS.crio),
    hasKata: all('tree').some(({ path, was }) => path === PATHS.kataDir && was === 'absent'),
    groups: all('note').flatMap(({ name }) => (name.startsWith(GROUP_NOTE) ? [name.slice(GROUP_NOTE.length)] : [])),
  };
}

function dockerOf(units: readonly Entry<'unit'>[]): FormerState['docker'] {
  const docker = units.find(({ unit }) => unit === UNITS.docker);
  if (docker === undefined) return 'untouched';
  return docker.active === 'active' ? 'kept' : 'brought';
}

const IMAGE_NOTE = 'image ';

function parseList(name: string, value = '[]'): readonly string[] {
  try {
    const list: unknown = JSON.parse(value);
    if (Array.isArray(list) && list.every((item) => typeof item === 'string')) return list;
  } catch {
    // Told below, with what stands there.
  }
  throw new KbsError('FILE_READ', `the note "${name}" in the journal is damaged`, { details: [value.slice(0, 200)] });
}

/** Whether a path is in one of these folders, or is one of them. */
export function isWithin(path: string, folders: readonly string[]): boolean {
  return folders.some((folder) => path === folder || path.startsWith(`${folder}/`));
}

/** Trees that were not there: they go with all that is in them. */
export function absentTrees({ trees }: Pick<FormerState, 'trees'>): readonly string[] {
  return trees.flatMap(({ path, was }) => (was === 'absent' ? [path] : []));
}
