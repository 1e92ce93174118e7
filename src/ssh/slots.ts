import { KbsError } from '../errors/index.js';

/** A queue in front of something of which only so many may be in use at a time. */
export class Slots {
  #inUse = 0;
  readonly #waiting: (() => void)[] = [];

  #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get limit(): number {
    return this.#limit;
  }

  get inUse(): number {
    return this.#inUse;
  }

  /** From now on fewer at a time; what is in use stays so. */
  lowerTo(limit: number): void {
    this.#limit = Math.min(this.#limit, Math.max(1, limit));
  }

  /**
   * Waits for its turn; the result gives the slot back and does no harm when called again.
   * @throws KbsError CANCELLED
   */
  async acquire(signal: AbortSignal | undefined): Promise<() => void> {
    while (this.#inUse >= this.#limit) await this.#turn(signal);
    this.#inUse += 1;
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.#inUse -= 1;
      this.#waiting.shift()?.();
    };
  }

  #turn(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const go = (): void => {
        signal?.removeEventListener('abort', give);
        resolve();
      };
      const give = (): void => {
        const place = this.#waiting.indexOf(go);
        if (place !== -1) this.#waiting.splice(place, 1);
        reject(new KbsError('CANCELLED', 'cancelled while waiting for a free channel'));
      };
      if (signal?.aborted) give();
      else {
        signal?.addEventListener('abort', give, { once: true });
        this.#waiting.push(go);
      }
    });
  }
}
