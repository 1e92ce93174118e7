import { KbsError } from '../errors/index.js';
import { Connection, dialInTime, NoAnswer } from '../https/index.js';
import type { Host } from '../host/index.js';
import { parseStatus } from './api-error.js';
import { SERVER_NAME } from './server-name.js';
import type { KubeCredentials } from './types.js';

/** An API server: a control plane, or an endpoint as some host sees it. */
export type ApiServerPlace = Pick<Host, 'name' | 'address' | 'dial'>;

/** Where API servers are, and who asks. */
export interface PoolOptions {
  readonly controlPlanes: readonly ApiServerPlace[];
  readonly port: number;
  /** Asked for once, when the first connection is made. */
  readonly credentials: () => Promise<KubeCredentials>;
}

const READY_TIMEOUT_MS = 5_000;

/** No control plane answers; `isDistrust` when one does, but is not the one we look for. */
export class NoControlPlane extends Error {
  override readonly name = 'NoControlPlane';

  constructor(
    /** What each said, as `cp1: connection refused`. */
    readonly said: readonly string[],
    readonly isDistrust: boolean,
  ) {
    super(said.join('; '));
  }
}

/** The way to whichever control plane answers first, found again when it breaks. */
export class ConnectionPool {
  #credentials: Promise<KubeCredentials> | undefined;
  #opening: Promise<Connection> | undefined;
  #current: Connection | undefined;

  constructor(readonly options: PoolOptions) {}

  /** The connection in use, or a new one. @throws NoControlPlane, and what the signal says when it fires */
  async acquire(signal: AbortSignal): Promise<Connection> {
    signal.throwIfAborted();
    if (this.#current?.isUsable) return this.#current;
    // Shared by all who ask meanwhile, so it must not end with the signal of one of them.
    this.#opening ??= this.#openFirst().finally(() => {
      this.#opening = undefined;
    });
    return orAborted(this.#opening, signal);
  }

  async #openFirst(): Promise<Connection> {
    const credentials = await this.#readCredentials();
    const failures = new Map<string, NoAnswer>();
    const tries = this.options.controlPlanes.map(async (host) => {
      try {
        return await this.#open(host, credentials);
      } catch (error) {
        if (!(error instanceof NoAnswer)) throw error;
        failures.set(host.name, error);
        throw error;
      }
    });
    try {
      this.#current = await Promise.any(tries);
    } catch (error) {
      const reasons: readonly unknown[] = error instanceof AggregateError ? error.errors : [error];
      const bug = reasons.find((reason) => !(reason instanceof NoAnswer));
      if (bug instanceof Error) throw bug;
      throw new NoControlPlane(
        [...failures].map(([host, { message }]) => `${host}: ${message}`),
        [...failures.values()].some(({ retryable }) => !retryable),
      );
    }
    this.#closeLosers(tries, this.#current);
    return this.#current;
  }

  /** Those that answer later than the first are not needed; what they run into is of no interest. */
  #closeLosers(tries: readonly Promise<Connection>[], winner: Connection): void {
    for (const one of tries) {
      one.then(
        (connection) => (connection === winner ? undefined : connection.close()),
        () => undefined,
      );
    }
  }

  #readCredentials(): Promise<KubeCredentials> {
    this.#credentials ??= this.options.credentials().catch((error: unknown) => {
      this.#credentials = undefined;
      throw error;
    });
    return this.#credentials;
  }

  /** A server that does not serve yet takes connections too: only one that says it is ready counts. */
  async #open(host: ApiServerPlace, credentials: KubeCredentials): Promise<Connection> {
    const dial = () => dialInTime(host, host.address, this.options.port);
    const connection = await Connection.open({ name: SERVER_NAME, dial }, credentials);
    try {
      const limits = { timeoutMs: READY_TIMEOUT_MS, signal: new AbortController().signal };
      const answer = await connection.send({ method: 'GET', path: '/readyz' }, limits);
      if (answer.status === 200) return connection;
      const failed = answer.body.split('\n').filter((line) => line.startsWith('[-]'));
      const said = failed.length > 0 ? failed.join(', ') : parseStatus(answer).message;
      throw new NoAnswer(`/readyz says ${answer.status}: ${said}`, answer.status !== 401 && answer.status !== 403);
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  close(): void {
    const current = this.#current;
    this.#current = undefined;
    current?.close();
  }
}

/** @throws the error a step or run was ended with, or KbsError CANCELLED */
export function throwIfCancelled(signal: AbortSignal): void {
  if (!signal.aborted) return;
  if (signal.reason instanceof KbsError) throw signal.reason;
  throw new KbsError('CANCELLED', 'cancelled while talking to the Kubernetes API');
}

/** Work that goes on, but is not waited for any longer when the signal fires. @throws the signal's reason */
export async function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = withReject<T>();
  const abort = (): void => reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

function withReject<T>(): { readonly promise: Promise<T>; readonly reject: (reason: unknown) => void } {
  let reject: (reason: unknown) => void = () => undefined;
  const promise = new Promise<T>((_resolve, fail) => {
    reject = fail;
  });
  return { promise, reject };
}
