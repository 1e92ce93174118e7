import type { Duplex } from 'node:stream';
import type { Client, ClientChannel } from 'ssh2';
import type { LaunchedProcess, Launcher, LaunchOptions, ProcessEnd } from '../host/index.js';
import type { SshConnection } from './connection.js';
import { OpenShell } from './open-shell.js';
import { OpenShells } from './open-shells.js';
import { commandLine } from './quote.js';
import { lostError, NoSession, Sessions } from './sessions.js';
import { describeTarget } from './settings.js';
import { Slots } from './slots.js';

/** sshd allows 10 sessions on a connection (MaxSessions); two are left for ending commands and for a person. */
const MOST_CHANNELS = 8;

/** Starts processes on a host over one SSH connection. */
export class SshLauncher implements Launcher {
  readonly #slots = new Slots(MOST_CHANNELS);
  readonly #shells = new OpenShells();
  readonly #sessions: Sessions;

  constructor(private readonly connection: SshConnection) {
    this.#sessions = new Sessions(this.target);
  }

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
        const launched = (await this.#inOpenShell(client, options)) || (await this.#start(client, argv, options));
        launched.ended.then(release, release);
        return launched;
      } catch (error) {
        release();
        if (!(error instanceof NoSession)) throw error;
        // Alone, there is nothing to wait for.
        if (error.asked.others === 0) throw error.kbsError;
        // The host allows fewer sessions than usual: this one has not begun and waits for another to end.
        this.#shells.stop();
        if (await this.#shells.giveUp()) continue;
        this.#slots.lowerTo(this.#slots.inUse);
        await this.#sessions.endedSince(error, options.signal);
      }
    }
  }

  dial(address: string, port: number): Promise<Duplex> {
    return this.connection.dial(address, port);
  }

  close(): Promise<void> {
    return this.connection.close();
  }

  async #inOpenShell(client: Client, { shared }: LaunchOptions): Promise<LaunchedProcess | undefined> {
    if (shared === undefined) return undefined;
    const lost = (): Error => lostError(this.target);
    const line = commandLine(['/bin/sh']);
    return this.#shells.run(shared, () => this.#sessions.start(client, line, (channel) => new OpenShell(channel, lost)));
  }

  async #start(client: Client, argv: readonly string[], options: LaunchOptions): Promise<LaunchedProcess> {
    // A shell that waits for a command has a session, too.
    await this.#shells.giveUp(() => this.#slots.inUse + this.#shells.idle.length <= this.#slots.limit);
    const askedMs = performance.now();
    return this.#sessions.start(client, commandLine(argv, options), (channel) => this.#follow(client, channel, askedMs));
  }

  #follow(client: Client, channel: ClientChannel, askedMs: number): LaunchedProcess {
    let letGo: () => void = () => undefined;
    const ended = new Promise<ProcessEnd>((resolve, reject) => {
      let end: ProcessEnd | undefined;
      letGo = () => reject(lostError(this.target));
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
}
