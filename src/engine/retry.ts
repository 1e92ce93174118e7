import { setTimeout as sleep } from 'node:timers/promises';
import { KbsError } from '../errors/index.js';

/** How often and how patiently to try a read again. */
export interface RetryOptions {
  /** All tries, the first one included. */
  readonly tries: number;
  readonly signal: AbortSignal;
  /** Told before each pause; `attempt` is the number of the try that comes. */
  readonly onRetry: (attempt: number, delayMs: number, error: KbsError) => void;
}

const FIRST_DELAY_MS = 500;
const DELAY_FACTOR = 3;

/**
 * Tries a read again when its error's class says that this may help, after 0.5 s, 1.5 s, 4.5 s …
 * Only for reads: a change that broke half-way is not repeated behind the user's back.
 */
export async function retryRead<T>(read: () => Promise<T>, options: RetryOptions): Promise<T> {
  let delayMs = FIRST_DELAY_MS;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof KbsError && error.retryable) || attempt >= options.tries || options.signal.aborted) throw error;
      options.onRetry(attempt + 1, delayMs, error);
      // A pause cut short by the signal leads to one more try, which sees the signal itself.
      await sleep(delayMs, undefined, { signal: options.signal }).catch(() => undefined);
      if (options.signal.aborted) throw error;
      delayMs *= DELAY_FACTOR;
    }
  }
}
