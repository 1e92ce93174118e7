import { setTimeout as sleep } from 'node:timers/promises';
import { waitFor, type Glimpse } from '../../engine/index.js';
import { KbsError, messageOf } from '../../errors/index.js';
import type { Stage, VerifyRow } from './types.js';

/** How long something that ought to work at once may take in a cluster that stands: a node whose processor is all taken is slow, not broken. */
export const EDGE_PATIENCE_MS = 30_000;
/**
 * How long the rules of a new service may take to get to a host: kube-proxy shares one lock with a policy engine and with pods that come
 * and go, on a busy host it waits seconds for it several times, and when it has not got it, it tries again after half a minute.
 */
export const SERVICE_PATIENCE_MS = 40_000;
/** How long pods may take to get where they shall be: with room for hosts that have more to do than they can. */
export const WORKLOAD_PATIENCE_MS = 60_000;

/** How long a look is waited for before another one is made beside it. */
const HEDGE_MS = 700;

/** @throws what ended the run: a row of it would say nothing of the cluster */
export function throwIfOver(signal: AbortSignal): void {
  if (signal.aborted) throw new KbsError('CANCELLED', 'cancelled while verifying the cluster', { cause: signal.reason });
}

/** Does something and makes a row of how it ended. @param work returns what was seen, throws when it is not as it should be */
export async function row(stage: Stage, check: string, edge: string, work: () => Promise<string>): Promise<VerifyRow> {
  const startedMs = performance.now();
  const end = (status: VerifyRow['status'], detail: string): VerifyRow => ({
    check,
    edge,
    status,
    ms: Math.round(performance.now() - startedMs),
    detail,
  });
  try {
    return end('ok', await work());
  } catch (error) {
    throwIfOver(stage.signal);
    return error instanceof Skip ? end('skipped', error.message) : end('failed', messageOf(error));
  }
}

/** Thrown by a row's work when there is nothing to look at; the message says why. */
export class Skip extends Error {}

/** There are no pods to look at anything with. Why not is a row of its own, the same for everybody who needs them. */
export class NoPods extends Error {
  constructor(readonly row: VerifyRow) {
    super(row.detail);
  }
}

/** A row that was not looked at. */
export function skipped(check: string, edge: string, why: string): VerifyRow {
  return { check, edge, status: 'skipped', ms: 0, detail: why };
}

/**
 * Looks until something is so, for as long as the run has time and patience. An error of a look is what was seen: the next look may end better.
 * @throws KbsError WAIT_TIMEOUT with what was seen last
 */
export function until<T>(stage: Stage, what: string, forMs: number, look: () => Promise<Glimpse<T>>): Promise<T> {
  const leftMs = Math.max(stage.deadlineMs - performance.now(), 1);
  return waitFor({
    what,
    forMs: Math.round(Math.min(forMs * stage.slack, leftMs)),
    signal: stage.signal,
    probe: async () => {
      try {
        return await look();
      } catch (error) {
        throwIfOver(stage.signal);
        return { done: false, seen: messageOf(error) };
      }
    },
  });
}

/**
 * Looks like {@link until}, but waits for no look that is late: another one is made beside it, and whichever ends well first counts. A
 * packet that got lost makes a pod wait for five seconds; the next look does not wait for that one.
 * @param look told which one it is, from 0
 */
export function untilHedged<T>(stage: Stage, what: string, forMs: number, look: (attempt: number) => Promise<Glimpse<T>>): Promise<T> {
  const open = new Set<Promise<Glimpse<T>>>();
  let attempts = 0;
  let last = 'no answer yet';
  return until(stage, what, forMs, async () => {
    const started = look(attempts++);
    open.add(started);
    // One that ended badly is forgotten; one that is late may still end well.
    started.finally(() => open.delete(started)).catch(() => undefined);
    const late = sleep(HEDGE_MS, undefined, { ref: false }).then((): Glimpse<T> => notYet(last));
    const glimpse = await Promise.race([...open, late]);
    if (!glimpse.done) last = glimpse.seen;
    return glimpse;
  });
}

/** Glimpse of something that is as it should be. */
export function seen<T>(value: T): Glimpse<T> {
  return { done: true, value };
}

/** Glimpse of something that is not yet as it should be. */
export function notYet(what: string): Glimpse<never> {
  return { done: false, seen: what };
}
