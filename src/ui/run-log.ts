import { closeSync, fsyncSync, mkdirSync, openSync, readdirSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { EventSink, KbsEvent } from '../events/index.js';

/** How many logs of one cluster are kept. */
const KEPT_LOGS = 50;
const NO_CLUSTER = '_';

/** What a {@link RunLog} is made of. */
export interface RunLogOptions {
  /** Folder of kbs's data on this machine; logs are at `<folder>/runs/<cluster>/<run>.jsonl`. */
  readonly dataDirectory: string;
  readonly run: string;
}

/**
 * The record of a run: every event as a line, written at once, so that nothing is lost when kbs is killed.
 * Lines wait in memory until the cluster's name is known, which decides the folder; runs that concern no cluster have no file.
 */
export class RunLog {
  readonly #waiting: string[] = [];
  readonly #options: RunLogOptions;
  #file: { readonly path: string; readonly descriptor: number } | undefined;
  #isClosed = false;
  #failure: Error | undefined;

  constructor(options: RunLogOptions) {
    this.#options = options;
  }

  /** Path of the file once there is one. */
  get path(): string | undefined {
    return this.#file?.path;
  }

  /** Why the log is missing or ends early (home is read-only, disk is full): no reason to stop a run, but to be told. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  readonly sink: EventSink = (event: KbsEvent) => this.#write(`${JSON.stringify(event)}\n`);

  /** Something for developers that is no event: the stack of a bug. */
  note(note: Readonly<Record<string, unknown>>): void {
    this.#write(`${JSON.stringify({ type: 'note', at: new Date().toISOString(), run: this.#options.run, ...note })}\n`);
  }

  /** Opens the file, 0600 in a 0700 folder, and removes the oldest logs of this cluster. */
  open(cluster: string = NO_CLUSTER): void {
    if (this.#file || this.#isClosed) return;
    this.#guard(() => {
      const folder = join(this.#options.dataDirectory, 'runs', cluster);
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      removeOldLogs(folder);
      const path = join(folder, `${this.#options.run}.jsonl`);
      this.#file = { path, descriptor: openSync(path, 'ax', 0o600) };
    });
    for (const line of this.#waiting.splice(0)) this.#write(line);
  }

  /** Puts everything on disk. Safe to call twice, and from an exit handler. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const file = this.#file;
    if (!file) return;
    this.#guard(() => {
      fsyncSync(file.descriptor);
      closeSync(file.descriptor);
    });
  }

  #write(line: string): void {
    if (this.#isClosed || this.#failure) return;
    const file = this.#file;
    if (file) this.#guard(() => writeSync(file.descriptor, line));
    else this.#waiting.push(line);
  }

  #guard(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#failure ??= error instanceof Error ? error : new Error(String(error));
    }
  }
}

/** Run identifiers begin with the time, so the order of names is the order of runs. */
function removeOldLogs(folder: string): void {
  const logs = readdirSync(folder).filter((name) => name.endsWith('.jsonl'));
  for (const name of logs.sort().slice(0, Math.max(0, logs.length - (KEPT_LOGS - 1)))) rmSync(join(folder, name), { force: true });
}
