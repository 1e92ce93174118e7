import { setTimeout as delay } from 'node:timers/promises';
import { KbsError } from '../errors/index.js';

/** One look at something that takes time. */
export type WaitAnswer = 'done' | { readonly notYet: string } | { readonly giveUp: string };

const EVERY_MS = 200;

/**
 * Looks again every 200 ms.
 * @returns undefined when it was done in time, else what was seen last
 * @throws KbsError CANCELLED
 */
export async function waitUntil(options: {
  readonly forMs: number;
  readonly signal: AbortSignal;
  readonly probe: () => Promise<WaitAnswer>;
}): Promise<string | undefined> {
  const deadline = performance.now() + options.forMs;
  for (;;) {
    if (options.signal.aborted) throw new KbsError('CANCELLED', 'cancelled while waiting', { cause: options.signal.reason });
    const answer = await options.probe();
    if (answer === 'done') return undefined;
    if ('giveUp' in answer) return answer.giveUp;
    if (performance.now() >= deadline) return `${answer.notYet} after ${Math.round(options.forMs / 1000)} s`;
    await delay(EVERY_MS);
  }
}
