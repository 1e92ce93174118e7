import { setTimeout as sleep } from 'node:timers/promises';
import { KbsError } from '../errors/index.js';
import { parseStatus } from './api-error.js';
import { NoAnswer } from './connection.js';
import { NoControlPlane, throwIfCancelled, type ConnectionPool } from './connection-pool.js';
import type { KubeResponse } from './types.js';

/** A request with what may be done when it fails. */
export interface ClientRequest {
  readonly method: string;
  readonly path: string;
  readonly body?: string | undefined;
  readonly contentType?: string | undefined;
  /** For one try; default 30 000. */
  readonly timeoutMs?: number | undefined;
  /** Sending it twice is as good as sending it once: it is tried again also when nobody knows what became of it. */
  readonly repeatable: boolean;
  /** Answers that are worth another try, besides those that say so themselves. */
  readonly mayPass?: ((response: KubeResponse) => boolean) | undefined;
}

const TIMEOUT_MS = 30_000;
const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 2_000;
/** How long after the first failure a new try is begun. Long enough for a restart of an API server. */
const PATIENCE_MS = 20_000;

/** Sends requests over a pool, again where that can help. */
export class RetryingClient {
  constructor(
    private readonly pool: ConnectionPool,
    private readonly signal: AbortSignal,
    private readonly patienceMs = PATIENCE_MS,
  ) {}

  /** An answer of any status. @throws KbsError KUBE_UNREACHABLE, CANCELLED */
  async send(request: ClientRequest): Promise<KubeResponse> {
    return this.#repeat(request, (response) => isWorthAnotherTry(request, response));
  }

  async #repeat(request: ClientRequest, isPassing: (response: KubeResponse) => boolean): Promise<KubeResponse> {
    const startedMs = performance.now();
    for (let delayMs = FIRST_DELAY_MS; ; delayMs = Math.min(delayMs * 2, LONGEST_DELAY_MS)) {
      const outcome = await this.#try(request);
      const mayTryAgain = performance.now() - startedMs + delayMs < this.patienceMs;
      if (outcome instanceof KbsError) {
        if (!mayTryAgain || !outcome.retryable) throw outcome;
      } else if (!mayTryAgain || !isPassing(outcome)) {
        return outcome;
      }
      await this.#pause(outcome, delayMs);
    }
  }

  /** Like send, but every answer is final: only a request that found no connection, or a read that got no answer, is tried again. */
  async sendOnce(request: ClientRequest): Promise<KubeResponse> {
    return this.#repeat(request, () => false);
  }

  async #try({ method, path, body, contentType, timeoutMs = TIMEOUT_MS, repeatable }: ClientRequest): Promise<KubeResponse | KbsError> {
    try {
      const connection = await this.pool.acquire(this.signal);
      return await connection.send({ method, path, body, contentType, timeoutMs, signal: this.signal });
    } catch (error) {
      throwIfCancelled(this.signal);
      if (error instanceof NoControlPlane) return unreachable(error);
      if (!(error instanceof NoAnswer)) throw error;
      if (repeatable && error.retryable) return new KbsError('KUBE_UNREACHABLE', `the API server: ${error.message}`, { cause: error });
      // KUBE_API is not retryable: whether the request took effect is unknown.
      throw new KbsError('KUBE_API', `${method} ${path} broke off: ${error.message}`, {
        remedy: ['run the same command again'],
        cause: error,
      });
    }
  }

  async #pause(outcome: KubeResponse | KbsError, delayMs: number): Promise<void> {
    const asked = outcome instanceof KbsError ? undefined : parseStatus(outcome).retryAfterSeconds;
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

function isWorthAnotherTry({ repeatable, mayPass }: ClientRequest, response: KubeResponse): boolean {
  // 429: the server took no notice of the request. 5xx: it may have.
  if (response.status === 429) return true;
  if (response.status >= 500) return repeatable;
  return mayPass?.(response) ?? false;
}
