import type { Duplex } from 'node:stream';
import type { ByteSource } from './byte-source.js';
import type { Command } from './command.js';
import type { HostFacts } from './facts.js';
import type { Secret } from '../secret/index.js';
import type { Transport, UploadOptions } from './transport.js';

/** What a host is for. */
export type Role = 'control-plane' | 'worker' | 'etcd';

/** How {@link Host.run} and {@link Host.check} run a command. */
export interface RunOptions {
  /** Default: 60 000. */
  readonly timeoutMs?: number;
  /** Default: true; kbs works as root on its hosts. */
  readonly privileged?: boolean;
  readonly stdin?: string | Buffer | Secret | ByteSource;
  readonly signal?: AbortSignal;
  /** The command only reads and may be run again when the connection breaks. Default: false for `run`, true for `check`. */
  readonly retryOnLoss?: boolean;
  readonly onLine?: (stream: 'stdout' | 'stderr', line: string) => void;
}

/** What `stat` says of a path. */
export interface FileStat {
  readonly type: 'file' | 'directory' | 'link' | 'other';
  /** Permission bits, e.g. 0o644. */
  readonly mode: number;
  readonly owner: string;
  readonly group: string;
  readonly sizeBytes: number;
  /** Last change of content or attributes, milliseconds since the epoch. */
  readonly ctimeMs: number;
}

/** Files of a host, as root. */
export interface RemoteFiles {
  /** undefined when there is no such file. Reads that are asked for at the same time share a round trip, and so do writes. */
  read(path: string): Promise<string | undefined>;
  /** Like read, for content nobody may see. */
  readSecret(path: string): Promise<Secret | undefined>;
  /** undefined for a path that does not exist. One round trip for all. */
  stat(paths: readonly string[]): Promise<ReadonlyMap<string, FileStat | undefined>>;
  /** Lower-case hex; undefined for a path that is no regular file. One round trip for all. */
  sha256(paths: readonly string[]): Promise<ReadonlyMap<string, string | undefined>>;
  /** Temp file in the same folder → mode → owner → fsync → rename. Missing parent folders are an error. */
  writeAtomic(path: string, content: string | Secret, options: { readonly mode: number; readonly owner?: string }): Promise<void>;
  /** A large file with a known digest; resumed and skipped when the digest is already there. */
  upload(open: (offset: number) => ByteSource, path: string, options: Omit<UploadOptions, 'signal'>): Promise<void>;
  /** Removes files, links and empty folders, in the given order. A path that is already gone is fine; a folder that is not empty stays. */
  remove(paths: readonly string[]): Promise<void>;
}

/** State of a systemd unit. */
export interface UnitState {
  /** `systemctl is-enabled`: enabled, disabled, static, masked, not-found … */
  readonly enabled: string;
  /** active, inactive, failed, activating … */
  readonly active: string;
  /** Start of the main process, milliseconds since the epoch; undefined when none runs. */
  readonly startedMs: number | undefined;
  /** systemd has not yet read the unit file as it is on disk. */
  readonly needsReload: boolean;
}

/** systemd units of a host. */
export interface SystemdUnits {
  state(unit: string): Promise<UnitState>;
  daemonReload(): Promise<void>;
  /** Units are read from disk again, as by {@link SystemdUnits.daemonReload}. Source: systemctl(1). */
  enable(unit: string): Promise<void>;
  disable(unit: string): Promise<void>;
  start(unit: string): Promise<void>;
  stop(unit: string): Promise<void>;
  restart(unit: string): Promise<void>;
  /** The last lines of the unit's journal, for evidence. */
  journal(unit: string, lines: number): Promise<readonly string[]>;
}

/**
 * What a host was like before kbs changed it: one entry per thing, the first entry for a thing wins.
 * `kbs reset` goes through them backwards.
 */
export type JournalEntry =
  | { readonly kind: 'path'; readonly path: string; readonly was: 'absent' | 'file' | 'directory' | 'link' }
  | { readonly kind: 'tree'; readonly path: string; readonly was: 'absent' | 'directory' }
  | { readonly kind: 'sysctl'; readonly key: string; readonly was: string }
  | { readonly kind: 'module'; readonly name: string }
  | { readonly kind: 'unit'; readonly unit: string; readonly enabled: string; readonly active: string }
  | { readonly kind: 'swap'; readonly device: string }
  | { readonly kind: 'package'; readonly name: string }
  | { readonly kind: 'note'; readonly name: string; readonly value: string };

/** The record of a host's former state, kept on the host itself (append-only, so a crash loses nothing). */
export interface HostJournal {
  /** Notes entries that are not in it yet, originals of files backed up first. One round trip. */
  record(entries: readonly JournalEntry[]): Promise<void>;
  entries(): Promise<readonly JournalEntry[]>;
}

/** What phases and steps see of a machine. */
export interface Host {
  readonly name: string;
  /** Address of the node: advertise address, node IP. */
  readonly address: string;
  readonly roles: ReadonlySet<Role>;
  readonly facts: HostFacts;
  readonly transport: Transport;
  /** Standard output without its last newline. @throws KbsError REMOTE_COMMAND on exit ≠ 0, SSH_LOST, TIMEOUT */
  run(command: Command, options?: RunOptions): Promise<string>;
  /** 0 → true, 1 → false. @throws KbsError REMOTE_COMMAND for any other exit code */
  check(command: Command, options?: RunOptions): Promise<boolean>;
  dial(address: string, port: number): Promise<Duplex>;
  readonly files: RemoteFiles;
  readonly units: SystemdUnits;
  readonly journal: HostJournal;
}
