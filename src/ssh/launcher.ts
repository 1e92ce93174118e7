import type { Duplex } from 'node:stream';
import type { Client, ClientChannel } from 'ssh2';
import { KbsError } from '../errors/index.js';
import type { LaunchedProcess, Launcher, ProcessEnd } from '../host/index.js';
import type { SshConnection } from './connection.js';
import { commandLine } from './quote.js';
import { describeTarget } from './settings.js';
import { Slots } from './slots.js';

/** sshd allows 10 sessions on a connection (MaxSessions); two are left for ending commands and for a person. */
const MOST_CHANNELS = 8;

/** Starts processes on a host over one SSH connection. */
export class SshLauncher implements Launcher {
  readonly #slots = new Slots(MOST_CHANNELS);

  constructor(private readonly connection: SshConnection) {}

  get target(): string {
    return describeTarget(this.connection.settings);
  }

  async connect(signal: AbortSignal): Promise<void> {
    await this.connection.client(signal);
  }

  async launch(
    argv: readonly string[],
    options: { readonly isUrgent?: boolean; readonly keepsQuotes?: boolean; readonly signal?: AbortSignal | undefined },
  ): Promise<LaunchedProcess> {
    for (;;) {
      const release = options.isUrgent ? () => undefined : await this.#slots.acquire(options.signal);
      try {
        const launched = await this.#start(commandLine(argv, options), options.signal);
        launched.ended.then(release, release);
        return launched;
      } catch (error) {
        release();
        // The host allows fewer sessions than usual: this one has not begun and waits for another to end.
        if (!(error instanceof NoSession) || this.#slots.inUse === 0) throw error instanceof NoSession ? error.kbsError : error;
        this.#slots.lowerTo(this.#slots.inUse);
      }
    }
  }

  dial(address: string, port: number): Promise<Duplex> {
    return this.connection.dial(address, port);
  }

  close(): Promise<void> {
    return this.connection.close();
  }

  async #start(line: string, signal: AbortSignal | undefined): Promise<LaunchedProcess> {
    const client = await this.connection.client(signal);
    return this.#exec(client, line);
  }

  #exec(client: Client, line: string): Promise<LaunchedProcess> {
    return new Promise((resolve, reject) => {
      try {
        const askedMs = performance.now();
        client.exec(line, (error, channel) => {
          // Here and now: the exit status of a quick command may be in the packet that is being read, and is told only once.
          if (!error) resolve(this.#follow(client, channel, askedMs));
          else if ('reason' in error && error.reason !== undefined) reject(new NoSession(this.target, error));
          else reject(this.#lostError(error));
        });
      } catch (error) {
        reject(this.#lostError(error));
      }
    });
  }

  #follow(client: Client, channel: ClientChannel, askedMs: number): LaunchedProcess {
    let letGo: () => void = () => undefined;
    const ended = new Promise<ProcessEnd>((resolve, reject) => {
      let end: ProcessEnd | undefined;
      letGo = () => reject(this.#lostError(undefined));
      channel.on('exit', (exitCode: number | null, signal?: string) => {
        end = { exitCode, signal: signal ?? null };
      });
      // An exit status may come before the last of the output; only a channel closed in good order is complete.
      channel.on('close', () => (end && !this.connection.isLost(client) ? resolve(end) : letGo()));
      // How a channel ended is told by 'close'; without a listener a late write would end kbs.
      channel.on('error', letGo);
    });
    // The caller may have let go of the process before it ends.
    ended.catch(() => undefined);
    const abandon = (): void => {
      channel.close();
      letGo();
    };
    return { askedMs, stdin: channel, stdout: channel, stderr: channel.stderr, ended, abandon };
  }

  #lostError(cause: unknown): KbsError {
    return new KbsError('SSH_LOST', `the connection to ${this.target} broke`, {
      cause,
      remedy: ['run the same command again: it goes on where it stopped'],
    });
  }
}

/** The host opens no further session; the command was not started. */
class NoSession extends Error {
  readonly kbsError: KbsError;

  constructor(target: string, cause: Error) {
    super(cause.message, { cause });
    this.kbsError = new KbsError('SSH_UNREACHABLE', `${target} opens no session: ${cause.message}`, {
      cause,
      remedy: ['sshd -T | grep -i maxsessions   # on the host: 10 is usual'],
    });
  }
}
