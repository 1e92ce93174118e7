import type { Duplex } from 'node:stream';
import { toKbsError } from '../errors/index.js';
import type { Command } from './command.js';
import type { HostFacts } from './facts.js';
import { FileJournal } from './host-journal.js';
import { HostShell } from './host-shell.js';
import type { Host, HostJournal, RemoteFiles, Role, RunOptions, SystemdUnits } from './host.js';
import { readFacts } from './read-facts.js';
import { ShellFiles } from './remote-files.js';
import { SystemctlUnits } from './systemd-units.js';
import type { Transport } from './transport.js';

/** What makes a {@link Host}. */
export interface HostOptions {
  readonly name: string;
  /** Advertise address, node IP. */
  readonly address: string;
  readonly roles: Iterable<Role>;
  readonly transport: Transport;
  readonly signal: AbortSignal;
  /** Folder of the journal on the host; default `/etc/kbs`. */
  readonly journalDirectory?: string;
}

/**
 * Connects to a machine and reads its facts.
 * @throws KbsError SSH_UNREACHABLE, SSH_AUTH, SSH_HOST_KEY, SSH_KEY, SSH_LOST, CANCELLED, each with the host's name
 */
export async function createHost(options: HostOptions): Promise<Host> {
  try {
    await options.transport.connect(options.signal);
    return new ConnectedHost(options, await readFacts(options.transport, options.signal));
  } catch (error) {
    throw toKbsError(error, { host: options.name });
  }
}

class ConnectedHost implements Host {
  readonly name: string;
  readonly address: string;
  readonly roles: ReadonlySet<Role>;
  readonly transport: Transport;
  readonly files: RemoteFiles;
  readonly units: SystemdUnits;
  readonly journal: HostJournal;
  readonly #shell: HostShell;

  constructor(
    options: HostOptions,
    readonly facts: HostFacts,
  ) {
    this.name = options.name;
    this.address = options.address;
    this.roles = new Set(options.roles);
    this.transport = options.transport;
    this.#shell = new HostShell(options.name, options.transport);
    this.files = new ShellFiles(this.#shell, options.transport);
    this.units = new SystemctlUnits(this.#shell);
    this.journal = new FileJournal(this.#shell, options.journalDirectory);
  }

  async run(command: Command, options?: RunOptions): Promise<string> {
    const output = await this.#shell.output(command, options);
    return output.endsWith('\n') ? output.slice(0, -1) : output;
  }

  async check(command: Command, options?: RunOptions): Promise<boolean> {
    const result = await this.#shell.exec(command, { retryOnLoss: true, ...options });
    if (result.exitCode === 0) return true;
    if (result.exitCode === 1) return false;
    throw this.#shell.failed(command, result);
  }

  async dial(address: string, port: number): Promise<Duplex> {
    try {
      return await this.transport.dial(address, port);
    } catch (error) {
      throw toKbsError(error, { host: this.name });
    }
  }
}
