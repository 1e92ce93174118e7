import { cpus } from 'node:os';

/** What something took. */
export interface Measured {
  /** From its beginning to its end. */
  readonly seconds: number;
  /** What all processors of the machine worked meanwhile; with two of them at most twice the seconds. */
  readonly cpuSeconds: number;
}

/** Seconds all processors together have worked since the machine was started. */
function workedSeconds(): number {
  return cpus().reduce((sum, { times: { user, nice, sys, irq } }) => sum + (user + nice + sys + irq) / 1000, 0);
}

/** Does something, and says what it took. The lab's hosts are containers: their work counts, too. */
export async function measured(work: () => Promise<unknown>): Promise<Measured> {
  const startedMs = performance.now();
  const workedBefore = workedSeconds();
  await work();
  return { seconds: (performance.now() - startedMs) / 1000, cpuSeconds: workedSeconds() - workedBefore };
}
