import type { Duplex } from 'node:stream';
import {
  createShellTransport,
  type ByteSource,
  type Command,
  type ExecOptions,
  type ExecResult,
  type Transport,
  type UploadOptions,
} from '../host/index.js';
import type { SshContext } from './context.js';
import { SshLauncher } from './launcher.js';
import type { SshTarget } from './options.js';

/** One host's way in, and what it shares with the others. */
export interface SshTransportOptions extends SshTarget {
  readonly context: SshContext;
}

/** A transport over SSH. Nothing is read or connected before `connect`. */
export function createSshTransport(options: SshTransportOptions): Transport {
  return new SshTransport(options);
}

class SshTransport implements Transport {
  #inner: Promise<Transport> | undefined;
  #target: string;

  constructor(private readonly options: SshTransportOptions) {
    this.#target = options.address;
  }

  get target(): string {
    return this.#target;
  }

  async connect(signal: AbortSignal): Promise<void> {
    await (await this.#ready()).connect(signal);
  }

  async exec(command: Command, options: ExecOptions): Promise<ExecResult> {
    return (await this.#ready()).exec(command, options);
  }

  async upload(open: (offset: number) => ByteSource, path: string, options: UploadOptions): Promise<void> {
    await (await this.#ready()).upload(open, path, options);
  }

  async dial(address: string, port: number): Promise<Duplex> {
    return (await this.#ready()).dial(address, port);
  }

  async close(): Promise<void> {
    // Settings that could not be read left nothing open.
    const inner = await this.#inner?.catch(() => undefined);
    await inner?.close();
  }

  /** Settings need files to be read, so they cannot be there from the start. */
  #ready(): Promise<Transport> {
    this.#inner ??= this.#create();
    return this.#inner;
  }

  async #create(): Promise<Transport> {
    const { context } = this.options;
    const launcher = new SshLauncher(context.connectionTo(await context.settingsFor(this.options)));
    this.#target = launcher.target;
    return createShellTransport(launcher, (user) => context.sudoPassword(user, launcher.target));
  }
}
