import { setTimeout as sleep } from 'node:timers/promises';
import { KbsError } from '../errors/index.js';
import { NoAnswer, NotSent, type TlsAgent } from '../https/index.js';
import { ApiRefusal } from './api-error.js';
import { NoControlPlane, orAborted, throwIfCancelled, type ConnectionPool } from './connection-pool.js';

/** Something that is asked of the API server, with what may be done when it fails. */
export interface Call<T> {
  /** For messages: "patch Node w1". */
  readonly what: string;
  /** For one try; default 30 000. */
  readonly timeoutMs?: number | undefined;
  /** Sending it twice is as good as sending it once: it is tried again also when nobody knows what became of it. */
  readonly repeatable: boolean;
  /** Refusals that are worth another try, besides those that say so themselves. */
  readonly mayPass?: ((refusal: ApiRefusal) => boolean) | undefined;
  /** @throws ApiRefusal, NoAnswer */
  readonly run: (agent: TlsAgent, signal: AbortSignal) => Promise<T>;
}

const TIMEOUT_MS = 30_000;
const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 2_000;
/** How long after the first failure a new try is begun. Long enough for a restart of an API server. */
const PATIENCE_MS = 20_000;

/** Calls the API over a pool, again where that can help. */
export class RetryingClient {
  constructor(
    private readonly pool: ConnectionPool,
    private readonly signal: AbortSignal,
    private readonly patienceMs = PATIENCE_MS,
  ) {}

  /** @throws ApiRefusal, KbsError KUBE_UNREACHABLE, KUBE_API when it is not known whether a change happened, CANCELLED */
  async call<T>(call: Call<T>): Promise<T> {
    const startedMs = performance.now();
    for (let delayMs = FIRST_DELAY_MS; ; delayMs = Math.min(delayMs * 2, LONGEST_DELAY_MS)) {
      try {
        return await this.#try(call);
      } catch (error) {
        const mayTryAgain = performance.now() - startedMs + delayMs < this.patienceMs;
        if (!mayTryAgain || !isWorthAnotherTry(call, error)) throw error;
        await this.#pause(error, delayMs);
      }
    }
  }

  async #try<T>({ what, timeoutMs = TIMEOUT_MS, repeatable, run }: Call<T>): Promise<T> {
    try {
      const connection = await this.pool.acquire(this.signal);
      return await orAborted(connection.use({ timeoutMs, signal: this.signal }, run), this.signal);
    } catch (error) {
      throwIfCancelled(this.signal);
      if (error instanceof NoControlPlane) throw unreachable(error);
      if (!(error instanceof NoAnswer)) throw error;
      if ((repeatable || error instanceof NotSent) && error.retryable) {
        throw new KbsError('KUBE_UNREACHABLE', `the API server: ${error.message}`, { cause: error });
      }
      // KUBE_API is not retryable: whether the request took effect is unknown.
      throw new KbsError('KUBE_API', `to ${what} broke off: ${error.message}`, {
        remedy: ['run the same command again'],
        cause: error,
      });
    }
  }

  async #pause(error: unknown, delayMs: number): Promise<void> {
    const asked = error instanceof ApiRefusal ? error.status.retryAfterSeconds : undefined;
    const ms = asked === undefined ? delayMs : Math.min(asked * 1000, LONGEST_DELAY_MS);
    // A pause cut short by the signal is told from a whole one by the next line.
    await sleep(ms, undefined, { signal: this.signal }).catch(() => undefined);
    throwIfCancelled(this.signal);
  }
}

/** @throws never: builds the error for when no control plane answers */
export function unreachable({ said, isDistrust }: NoControlPlane): KbsError {
  const why = isDistrust ? 'a control plane answers, but with another CA, or it does not take our certificate' : 'no control plane answers';
  return new KbsError('KUBE_UNREACHABLE', `the Kubernetes API cannot be reached: ${why}`, {
    details: said,
    remedy: ['crictl ps -a | grep kube-apiserver; journalctl -u kubelet -n 50   # on a control plane'],
  });
}

function isWorthAnotherTry({ repeatable, mayPass }: Call<unknown>, error: unknown): boolean {
  if (!(error instanceof ApiRefusal)) return error instanceof KbsError && error.retryable;
  // 429: the server took no notice of the request. 5xx: it may have.
  if (error.httpStatus === 429) return true;
  if (error.httpStatus >= 500) return repeatable;
  return mayPass?.(error) ?? false;
}
