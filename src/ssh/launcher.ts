import type { Duplex } from 'node:stream';
import type { Client, ClientChannel } from 'ssh2';
import { KbsError } from '../errors/index.js';
import type { LaunchedProcess, Launcher, LaunchOptions, ProcessEnd } from '../host/index.js';
import type { SshConnection } from './connection.js';
import { OpenShell } from './open-shell.js';
import { OpenShells } from './open-shells.js';
import { commandLine } from './quote.js';
import { describeTarget } from './settings.js';
import { Slots } from './slots.js';

/** sshd allows 10 sessions on a connection (MaxSessions); two are left for ending commands and for a person. */
const MOST_CHANNELS = 8;

/** Starts processes on a host over one SSH connection. */
export class SshLauncher implements Launcher {
  readonly #slots = new Slots(MOST_CHANNELS);
  readonly #shells = new OpenShells();

  constructor(private readonly connection: SshConnection) {}

  get target(): string {
    return describeTarget(this.connection.settings);
  }

  async connect(signal: AbortSignal): Promise<void> {
    await this.connection.client(signal);
  }

  async launch(argv: readonly string[], options: LaunchOptions): Promise<LaunchedProcess> {
    for (;;) {
      const release = options.isUrgent ? () => undefined : await this.#slots.acquire(options.signal);
      try {
        const client = await this.connection.client(options.signal);
        const launched = (options.mayShareShell && (await this.#inOpenShell(client, argv))) || (await this.#start(client, argv, options));
        launched.ended.then(release, release);
        return launched;
      } catch (error) {
        release();
        if (!(error instanceof NoSession)) throw error;
        // The host allows fewer sessions than usual: this one has not begun and waits for another to end.
        this.#shells.stop();
        if (await this.#shells.giveUp()) continue;
        if (this.#slots.inUse === 0) throw error.kbsError;
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

  #inOpenShell(client: Client, argv: readonly string[]): Promise<LaunchedProcess | undefined> {
    const lost = (): KbsError => this.#lostError(undefined);
    const line = commandLine(['/bin/sh']);
    return this.#shells.run(argv, () => this.#exec(client, line, (channel) => new OpenShell(channel, lost)));
  }

  async #start(client: Client, argv: readonly string[], options: LaunchOptions): Promise<LaunchedProcess> {
    // A shell that waits for a command has a session, too.
    await this.#shells.giveUp(() => this.#slots.inUse + this.#shells.idle.length <= this.#slots.limit);
    const askedMs = performance.now();
    return this.#exec(client, commandLine(argv, options), (channel) => this.#follow(client, channel, askedMs));
  }

  /** Starts a command line in a session of its own. @param follow is called in time to miss nothing the session does */
  #exec<T>(client: Client, line: string, follow: (channel: ClientChannel) => T): Promise<T> {
    return new Promise((resolve, reject) => {
      try {
        client.exec(line, (error, channel) => {
          // Here and now: the exit status of a quick command may be in the packet that is being read, and is told only once.
          if (!error) resolve(follow(channel));
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
