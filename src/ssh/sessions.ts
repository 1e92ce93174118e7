import { EventEmitter, once } from 'node:events';
import type { Client, ClientChannel } from 'ssh2';
import { KbsError } from '../errors/index.js';

/** The sessions of one connection, from being asked for until the host has closed them. */
export class Sessions {
  #open = 0;
  #ended = 0;
  readonly #events = new EventEmitter().setMaxListeners(0);

  /** @param target the host, for messages */
  constructor(private readonly target: string) {}

  /**
   * Starts a command line in a session of its own.
   * @param follow is called in time to miss nothing the session does
   * @throws NoSession, KbsError SSH_LOST
   */
  async start<T>(client: Client, line: string, follow: (channel: ClientChannel) => T): Promise<T> {
    try {
      return await this.#ask(client, line, follow);
    } catch (error) {
      if (!(error instanceof NoSession) || error.asked.others > 0) throw error;
      // sshd counts a session that has ended until it has answered what came right behind the end.
      return this.#ask(client, line, follow);
    }
  }

  /**
   * Waits until another session has ended, or was refused, since the refused one was asked for.
   * @throws KbsError CANCELLED
   */
  async endedSince({ asked }: NoSession, signal: AbortSignal | undefined): Promise<void> {
    // The refused one has ended, too.
    if (this.#ended > asked.endedBefore + 1) return;
    try {
      await once(this.#events, 'end', signal ? { signal } : {});
    } catch (cause) {
      throw new KbsError('CANCELLED', 'cancelled while waiting for a free session', { cause });
    }
  }

  #ask<T>(client: Client, line: string, follow: (channel: ClientChannel) => T): Promise<T> {
    const asked = { others: this.#open, endedBefore: this.#ended };
    this.#open += 1;
    return new Promise((resolve, reject) => {
      const fail = (error: unknown): void => {
        this.#end();
        reject(isRefusal(error) ? new NoSession(this.target, error, asked) : lostError(this.target, error));
      };
      try {
        client.exec(line, (error, channel) => {
          if (error) return fail(error);
          channel.once('close', () => this.#end());
          // Here and now: the exit status of a quick command may be in the packet that is being read, and is told only once.
          resolve(follow(channel));
        });
      } catch (error) {
        fail(error);
      }
    });
  }

  #end(): void {
    this.#open -= 1;
    this.#ended += 1;
    this.#events.emit('end');
  }
}

/** The host opens no further session; the command was not started. */
export class NoSession extends Error {
  readonly kbsError: KbsError;

  /** @param asked how many other sessions there were when this one was asked for, and how many had ended */
  constructor(
    target: string,
    cause: Error,
    readonly asked: { readonly others: number; readonly endedBefore: number },
  ) {
    super(cause.message, { cause });
    this.kbsError = new KbsError('SSH_UNREACHABLE', `${target} opens no session: ${cause.message}`, {
      cause,
      remedy: ['sshd -T | grep -i maxsessions   # on the host: 10 is usual'],
    });
  }
}

/** A host that was asked for something the connection no longer gave an answer to. */
export function lostError(target: string, cause?: unknown): KbsError {
  return new KbsError('SSH_LOST', `the connection to ${target} broke`, {
    cause,
    remedy: ['run the same command again: it goes on where it stopped'],
  });
}

/** The host's own answer has a reason; a broken connection has none. */
function isRefusal(error: unknown): error is Error {
  return error instanceof Error && 'reason' in error && error.reason !== undefined;
}
