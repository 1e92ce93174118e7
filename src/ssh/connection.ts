import { connect as openSocket } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'ssh2';
import { KbsError, messageOf } from '../errors/index.js';
import { logIn, type LoginServices } from './login.js';
import { describeTarget, type SshSettings } from './settings.js';

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 2_000;
/** One try; a host that is booting drops packets, and a new try is faster than TCP's own repetitions. */
const TRY_TIMEOUT_MS = 5_000;
const CLOSE_TIMEOUT_MS = 2_000;

/** A connection to a host that is made when it is needed, and made again when it broke. */
export class SshConnection {
  #client: Promise<Client> | undefined;
  readonly #lost = new WeakSet<Client>();

  constructor(
    readonly settings: SshSettings,
    private readonly services: LoginServices,
    /** The connection to the jump host, shared by all hosts behind it. */
    private readonly via: SshConnection | undefined,
  ) {}

  /** The live connection. @throws KbsError SSH_UNREACHABLE, SSH_AUTH, SSH_HOST_KEY, SSH_KEY, CANCELLED */
  async client(signal?: AbortSignal): Promise<Client> {
    this.#client ??= this.#connect(signal).catch((error: unknown) => {
      this.#client = undefined;
      throw error;
    });
    const pending = this.#client;
    const client = await pending;
    if (!this.#lost.has(client)) return client;
    if (this.#client === pending) this.#client = undefined;
    return this.client(signal);
  }

  /** Whether a connection that was given out has ended. */
  isLost(client: Client): boolean {
    return this.#lost.has(client);
  }

  /**
   * A TCP connection from the host on.
   * @throws KbsError SSH_UNREACHABLE
   */
  async dial(address: string, port: number, signal?: AbortSignal): Promise<Duplex> {
    const client = await this.client(signal);
    return new Promise((resolve, reject) => {
      const fail = (error: unknown): void => reject(dialError(this.settings, `${address}:${port}`, error));
      try {
        client.forwardOut('127.0.0.1', 0, address, port, (error, channel) => {
          if (error) return fail(error);
          // ssh2 leaves a channel half open when the other side is done with it.
          channel.on('end', () => channel.end());
          resolve(channel);
        });
      } catch (error) {
        fail(error);
      }
    });
  }

  async close(): Promise<void> {
    const pending = this.#client;
    this.#client = undefined;
    // A connection that could not be made has nothing to close.
    const client = await pending?.catch(() => undefined);
    if (!client || this.#lost.has(client)) return;
    const closed = new Promise<void>((resolve) => client.once('close', () => resolve()));
    client.end();
    const timer = new AbortController();
    const late = sleep(CLOSE_TIMEOUT_MS, undefined, { signal: timer.signal }).catch(() => undefined);
    await Promise.race([closed, late]);
    timer.abort();
    client.destroy();
  }

  async #connect(signal: AbortSignal | undefined): Promise<Client> {
    const deadlineMs = performance.now() + this.settings.connectTimeoutMs;
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
      try {
        return await this.#connectOnce(signal, deadlineMs - performance.now());
      } catch (error) {
        if (signal?.aborted)
          throw new KbsError('CANCELLED', `cancelled while connecting to ${describeTarget(this.settings)}`, { cause: error });
        const isOver = performance.now() + pauseMs >= deadlineMs;
        if (!(error instanceof KbsError) || error.code !== 'SSH_UNREACHABLE' || isHopeless(error) || isOver) throw error;
      }
      await sleep(pauseMs, undefined, signal ? { signal } : {}).catch(() => undefined);
    }
  }

  async #connectOnce(signal: AbortSignal | undefined, leftMs: number): Promise<Client> {
    const timeoutMs = Math.min(TRY_TIMEOUT_MS, Math.max(leftMs, 100));
    const { host, port } = this.settings;
    const stream = this.via ? await this.via.dial(host, port, signal) : await this.#openSocket(signal, timeoutMs);
    try {
      return await logIn(stream, this.settings, this.services, {
        signal,
        handshakeTimeoutMs: timeoutMs,
        onEnd: (client) => this.#lost.add(client),
      });
    } catch (error) {
      stream.destroy();
      throw error;
    }
  }

  #openSocket(signal: AbortSignal | undefined, timeoutMs: number): Promise<Duplex> {
    const { host, port } = this.settings;
    return new Promise((resolve, reject) => {
      const socket = openSocket({ host, port, noDelay: true });
      const fail = (error: Error): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
        socket.destroy();
        reject(unreachable(this.settings, error));
      };
      const onAbort = (): void => fail(new Error('cancelled'));
      const timer = setTimeout(() => fail(new Error(`no answer on port ${port}`)), timeoutMs);
      signal?.addEventListener('abort', onAbort, { once: true });
      if (signal?.aborted) onAbort();
      socket.once('error', fail).once('connect', () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
        socket.off('error', fail);
        resolve(socket);
      });
    });
  }
}

/** A name that does not exist, or no common cryptography, will not be different in a second. */
function isHopeless(error: KbsError): boolean {
  const { cause } = error;
  if (!(cause instanceof Error)) return false;
  return ('code' in cause && cause.code === 'ENOTFOUND') || ('level' in cause && cause.level === 'handshake');
}

function unreachable(settings: SshSettings, cause: Error): KbsError {
  return new KbsError('SSH_UNREACHABLE', `${describeTarget(settings)} cannot be reached: ${cause.message}`, {
    cause,
    remedy: [`nc -vz ${settings.host} ${settings.port}   # is sshd up, and no firewall in between?`],
  });
}

function dialError(settings: SshSettings, to: string, cause: unknown): KbsError {
  const message = messageOf(cause);
  return new KbsError('SSH_UNREACHABLE', `${to} cannot be reached from ${describeTarget(settings)}: ${message}`, {
    cause,
    remedy: [
      `nc -vz ${to.replace(/:(\d+)$/, ' $1')}   # on ${settings.host}`,
      `sshd -T | grep -i allowtcpforwarding   # on ${settings.host}: must be yes`,
    ],
  });
}
