import { setTimeout as sleep } from 'node:timers/promises';
import { LabError } from './lab-error.js';

/** A condition and how long it may take. */
export interface WaitOptions {
  readonly what: string;
  readonly forMs: number;
  readonly everyMs?: number;
  /** Returns undefined when the condition holds, else what it saw. */
  readonly probe: () => Promise<string | undefined>;
}

/** Waits until a condition holds. @throws LabError naming the condition, the time and what was seen last. */
export async function waitFor(options: WaitOptions): Promise<void> {
  const deadline = Date.now() + options.forMs;
  for (;;) {
    const seen = await options.probe();
    if (seen === undefined) return;
    if (Date.now() >= deadline) throw new LabError(`${options.what}: not within ${options.forMs} ms, last seen: ${seen}`);
    await sleep(options.everyMs ?? 50);
  }
}
