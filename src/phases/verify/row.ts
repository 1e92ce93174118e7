import { waitFor, type Glimpse } from '../../engine/index.js';
import { KbsError } from '../../errors/index.js';
import type { Stage, VerifyRow } from './types.js';

/** How long something that ought to work at once may take: rules of a new service have to get everywhere. */
export const EDGE_PATIENCE_MS = 15_000;
/** How long pods may take to get where they shall be. */
export const WORKLOAD_PATIENCE_MS = 45_000;

function told(error: unknown): string {
  if (error instanceof KbsError) return error.message;
  return error instanceof Error ? error.message : String(error);
}

/** @throws what ended the run: a row of it would say nothing of the cluster */
function throwIfOver(signal: AbortSignal): void {
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
    return error instanceof Skip ? end('skipped', error.message) : end('failed', told(error));
  }
}

/** Thrown by a row's work when there is nothing to look at; the message says why. */
export class Skip extends Error {}

/** A row that was not looked at. */
export function skipped(check: string, edge: string, why: string): VerifyRow {
  return { check, edge, status: 'skipped', ms: 0, detail: why };
}

/**
 * Looks until something is so. An error of a look is what was seen: the next look may end better.
 * @throws KbsError WAIT_TIMEOUT with what was seen last
 */
export function until<T>(stage: Stage, what: string, forMs: number, look: () => Promise<Glimpse<T>>): Promise<T> {
  const leftMs = Math.max(stage.deadlineMs - performance.now(), 1);
  return waitFor({
    what,
    forMs: Math.round(Math.min(forMs, leftMs)),
    signal: stage.signal,
    probe: async () => {
      try {
        return await look();
      } catch (error) {
        throwIfOver(stage.signal);
        return { done: false, seen: told(error) };
      }
    },
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
