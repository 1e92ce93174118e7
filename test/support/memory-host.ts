import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import type { Duplex } from 'node:stream';
import { KbsError } from '../../src/errors/index.js';
import type { StepContext } from '../../src/engine/index.js';
import type { ByteSource, Command, FileStat, Host, HostFacts, JournalEntry, Role, Transport, UnitState } from '../../src/host/index.js';
import { Secret } from '../../src/secret/index.js';

/** A file or folder of a {@link MemoryHost}. */
export interface MemoryFile {
  type: FileStat['type'];
  content: Buffer;
  mode: number;
  owner: string;
  group: string;
  ctimeMs: number;
}

/** How to answer a command: the first match counts; a command nothing matches fails the test. */
export type MemoryAnswer = readonly [
  match: string | RegExp,
  answer: string | Error | ((text: string, host: MemoryHost) => string | Promise<string>),
];

export interface MemoryHostOptions {
  readonly name?: string;
  readonly address?: string;
  readonly roles?: readonly Role[];
  readonly facts?: Partial<HostFacts>;
  /** Folders end in `/`. Parents are made. */
  readonly files?: Readonly<
    Record<string, string | { readonly content?: string; readonly mode?: number; readonly ctimeMs?: number; readonly owner?: string }>
  >;
  readonly units?: Readonly<Record<string, Partial<UnitState>>>;
  readonly answers?: readonly MemoryAnswer[];
  readonly journal?: readonly JournalEntry[];
}

/** A {@link Host} that lives in memory and remembers what was done to it. */
export interface MemoryHost extends Host {
  readonly fs: Map<string, MemoryFile>;
  /** Texts of all commands, in order. */
  readonly ran: string[];
  /** Everything that changed the host, in order: `write PATH`, `remove PATH`, `upload PATH`, `unit VERB UNIT`, `run TEXT` of changing built-ins. */
  readonly changes: string[];
  readonly journaled: JournalEntry[];
  readonly unitStates: Map<string, UnitState>;
  /** The clock files and units are stamped with, in milliseconds; moves on by 1000 with each change. */
  nowMs: number;
  /** Makes or replaces a file behind kbs's back. */
  put(path: string, content: string | Buffer, mode: number): MemoryFile;
}

/** Facts of an ordinary Debian machine. */
export function someFacts(facts: Partial<HostFacts> = {}): HostFacts {
  return {
    hostname: 'w1',
    privilegeProblem: undefined,
    architecture: 'amd64',
    kernelRelease: '6.1.0-18-amd64',
    os: { id: 'debian', versionId: '12', prettyName: 'Debian GNU/Linux 12 (bookworm)', idLike: [] },
    init: 'systemd',
    systemdVersion: 252,
    cgroupVersion: 'v2',
    cgroupControllers: ['cpuset', 'cpu', 'io', 'memory', 'hugetlb', 'pids'],
    cpus: 4,
    memoryBytes: 8 * 1024 ** 3,
    machineId: '0123456789abcdef0123456789abcdef',
    productUuid: '11111111-2222-3333-4444-555555555555',
    addresses: ['10.0.0.21'],
    interfaces: [],
    clockSkewMs: 0,
    swaps: [],
    hasCapSysResource: true,
    usesSystemdResolved: false,
    trustStoreDirectories: [],
    freeBytes: {},
    packageManager: 'apt',
    ...facts,
  };
}

/** A {@link StepContext} that collects what a step says. */
export function stepContext(): StepContext & { readonly warnings: string[]; readonly abort: AbortController } {
  const abort = new AbortController();
  const warnings: string[] = [];
  return {
    signal: abort.signal,
    abort,
    warnings,
    progress: () => undefined,
    output: () => undefined,
    warn: (message) => void warnings.push(message),
  };
}

function unquote(word: string): string {
  return word.startsWith("'") ? word.slice(1, -1).replaceAll("'\\''", "'") : word;
}

class MemoryHostImpl implements MemoryHost {
  readonly name: string;
  readonly address: string;
  readonly roles: ReadonlySet<Role>;
  readonly facts: HostFacts;
  readonly fs = new Map<string, MemoryFile>();
  readonly ran: string[] = [];
  readonly changes: string[] = [];
  readonly journaled: JournalEntry[];
  readonly unitStates = new Map<string, UnitState>();
  nowMs = 1_000_000;
  readonly #answers: readonly MemoryAnswer[];

  constructor(options: MemoryHostOptions) {
    this.name = options.name ?? 'w1';
    this.address = options.address ?? '10.0.0.21';
    this.roles = new Set(options.roles ?? ['worker']);
    this.facts = someFacts({ hostname: this.name, addresses: [this.address], ...options.facts });
    this.journaled = [...(options.journal ?? [])];
    this.#answers = options.answers ?? [];
    this.put('/', '', 0o755, 'directory');
    for (const [path, spec] of Object.entries(options.files ?? {})) {
      const file = typeof spec === 'string' ? { content: spec } : spec;
      const isFolder = path.endsWith('/');
      const plain = isFolder ? path.slice(0, -1) : path;
      this.#makeParents(plain);
      const put = this.put(plain, file.content ?? '', file.mode ?? (isFolder ? 0o755 : 0o644), isFolder ? 'directory' : 'file');
      put.ctimeMs = file.ctimeMs ?? 1000;
      put.owner = file.owner ?? 'root';
    }
    for (const [unit, state] of Object.entries(options.units ?? {})) {
      this.unitStates.set(unit, { enabled: 'enabled', active: 'active', startedMs: 500_000, needsReload: false, ...state });
    }
  }

  put(path: string, content: string | Buffer, mode: number, type: FileStat['type'] = 'file'): MemoryFile {
    this.nowMs += 1000;
    const file = { type, content: Buffer.from(content), mode, owner: 'root', group: 'root', ctimeMs: this.nowMs };
    this.fs.set(path, file);
    return file;
  }

  #makeParents(path: string): void {
    const parent = posix.dirname(path);
    if (this.fs.has(parent)) return;
    this.#makeParents(parent);
    this.put(parent, '', 0o755, 'directory').ctimeMs = 1000;
  }

  #needParent(path: string): void {
    if (!this.fs.has(posix.dirname(path))) throw new KbsError('FILE_WRITE', `no folder for ${path}`);
  }

  /** The few file commands steps send, so that tests see their effect. */
  #builtIn(text: string): boolean {
    const lines = text.split(/(?: &&)?\n/);
    const parsed = lines.map((line) => /^(mkdir -p -m (\d+)|chmod (\d+)|rm -r?f) -- (.+)$/.exec(line));
    if (parsed.some((match) => match === null)) return false;
    for (const match of parsed) {
      const [line = '', verb = '', mkdirMode, chmodMode, words = ''] = match ?? [];
      this.changes.push(`run ${line}`);
      for (const path of words.split(' ').map(unquote)) {
        if (verb.startsWith('rm')) for (const key of this.fs.keys()) if (key === path || key.startsWith(`${path}/`)) this.fs.delete(key);
        if (mkdirMode !== undefined && !this.fs.has(path)) {
          this.#needParent(path);
          this.put(path, '', Number.parseInt(mkdirMode, 8), 'directory');
        }
        const file = this.fs.get(path);
        if (chmodMode !== undefined && file !== undefined) file.mode = Number.parseInt(chmodMode, 8);
      }
    }
    return true;
  }

  async run(command: Command): Promise<string> {
    const { text } = command;
    this.ran.push(text);
    for (const [match, answer] of this.#answers) {
      if (!(typeof match === 'string' ? text.includes(match) : match.test(text))) continue;
      if (answer instanceof Error) throw answer;
      return typeof answer === 'string' ? answer : answer(text, this);
    }
    if (this.#builtIn(text)) return '';
    throw new Error(`unscripted command on ${this.name}: ${text}`);
  }

  async check(command: Command): Promise<boolean> {
    return (await this.run(command)) !== 'false';
  }

  dial(): Promise<Duplex> {
    throw new Error('a memory host has no network');
  }

  get transport(): Transport {
    throw new Error('a memory host has no transport');
  }

  readonly files: Host['files'] = {
    read: async (path) => this.fs.get(path)?.content.toString('utf8'),
    readSecret: async (path) => {
      const content = this.fs.get(path)?.content.toString('utf8');
      return content === undefined ? undefined : new Secret(content);
    },
    stat: async (paths) =>
      new Map(
        paths.map((path) => {
          const file = this.fs.get(path);
          return [path, file && { ...file, sizeBytes: file.content.length }];
        }),
      ),
    sha256: async (paths) =>
      new Map(
        paths.map((path) => {
          const file = this.fs.get(path);
          return [path, file?.type === 'file' ? createHash('sha256').update(file.content).digest('hex') : undefined];
        }),
      ),
    writeAtomic: async (path, content, { mode, owner = 'root:root' }) => {
      this.#needParent(path);
      const file = this.put(path, content instanceof Secret ? content.reveal() : content, mode);
      [file.owner = 'root', file.group = 'root'] = owner.split(':');
      this.changes.push(`write ${path}`);
    },
    upload: async (open: (offset: number) => ByteSource, path: string, { mode, sha256 }) => {
      this.#needParent(path);
      const chunks: Buffer[] = [];
      for await (const chunk of open(0)) chunks.push(Buffer.from(chunk));
      const content = Buffer.concat(chunks);
      if (createHash('sha256').update(content).digest('hex') !== sha256)
        throw new KbsError('BUNDLE_DIGEST', `${path} has the wrong digest`);
      this.put(path, content, mode);
      this.changes.push(`upload ${path}`);
    },
    remove: async (paths) => {
      for (const path of paths) {
        this.fs.delete(path);
        this.changes.push(`remove ${path}`);
      }
    },
  };

  readonly units: Host['units'] = {
    state: async (unit) =>
      this.unitStates.get(unit) ?? { enabled: 'not-found', active: 'inactive', startedMs: undefined, needsReload: false },
    daemonReload: async () => this.#changeUnit('reload', '', {}),
    enable: async (unit) => this.#changeUnit('enable', unit, { enabled: 'enabled' }),
    disable: async (unit) => this.#changeUnit('disable', unit, { enabled: 'disabled' }),
    start: async (unit) => this.#changeUnit('start', unit, { active: 'active', startedMs: this.nowMs + 2000 }),
    stop: async (unit) => this.#changeUnit('stop', unit, { active: 'inactive', startedMs: undefined }),
    restart: async (unit) => this.#changeUnit('restart', unit, { active: 'active', startedMs: this.nowMs + 2000 }),
    journal: async (unit, lines) => [`last ${lines} lines of ${unit}`],
  };

  #changeUnit(verb: string, unit: string, change: Partial<UnitState>): void {
    this.nowMs += 1000;
    this.changes.push(`unit ${verb} ${unit}`.trim());
    if (verb === 'reload') for (const [name, state] of this.unitStates) this.unitStates.set(name, { ...state, needsReload: false });
    if (unit === '') return;
    const before = this.unitStates.get(unit) ?? { enabled: 'disabled', active: 'inactive', startedMs: undefined, needsReload: false };
    this.unitStates.set(unit, { ...before, ...change });
  }

  readonly journal: Host['journal'] = {
    record: async (entries) => void this.journaled.push(...entries),
    entries: async () => this.journaled,
  };
}

/** Makes a host in memory. */
export function memoryHost(options: MemoryHostOptions = {}): MemoryHost {
  return new MemoryHostImpl(options);
}
