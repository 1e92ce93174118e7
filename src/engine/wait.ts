import { setTimeout as sleep } from 'node:timers/promises';
import { KbsError, messageOf, type ErrorPlace } from '../errors/index.js';

/** What one look at the awaited thing found. */
export type Glimpse<T> = { readonly done: true; readonly value: T } | { readonly done: false; readonly seen: string };

/** What to wait for, and how. */
export interface WaitOptions<T> {
  /** The awaited state, fit for "waited 30 s for …": "the API server to answer on 10.0.0.11:6443". */
  readonly what: string;
  /** Pause between two looks; default 200, and never longer. */
  readonly everyMs?: number;
  /** How long to wait in all. */
  readonly forMs: number;
  readonly signal: AbortSignal;
  /** One look. What is not there yet is `seen`, not an error: an error ends the wait. */
  readonly probe: () => Promise<Glimpse<T>>;
  /** Commands that tell more, put into the error. */
  readonly remedy?: readonly string[];
  /** What is gathered when the time is over and put into the error, a line each; never asked before. */
  readonly evidence?: () => Promise<readonly string[]>;
  readonly where?: ErrorPlace;
}

const SLOWEST_POLL_MS = 200;

/** What a look found that asks for trouble: with none, the awaited state is there. */
export function doneUnless(problem: string | undefined): Glimpse<true> {
  return problem === undefined ? { done: true, value: true } : { done: false, seen: problem };
}

/**
 * Looks until the awaited state is there; the first look is at once.
 * @throws KbsError WAIT_TIMEOUT saying how long was waited and what was seen last; CANCELLED when the signal fires
 */
export async function waitFor<T>(options: WaitOptions<T>): Promise<T> {
  const everyMs = Math.min(options.everyMs ?? SLOWEST_POLL_MS, SLOWEST_POLL_MS);
  const startedMs = performance.now();
  let last = 'nothing';
  for (;;) {
    if (options.signal.aborted) throw cancelled(options, last);
    const glimpse = await lookInTime(options, options.forMs - (performance.now() - startedMs));
    if (glimpse?.done) return glimpse.value;
    if (glimpse) last = glimpse.seen;
    if (glimpse === undefined || performance.now() - startedMs + everyMs > options.forMs) throw await timedOut(options, last);
    // The pause ends early when the run is cancelled; the check above then says so.
    await sleep(everyMs, undefined, { signal: options.signal }).catch(() => undefined);
  }
}

/** One look, given up when the time is over: a probe that hangs must not make the wait longer. */
async function lookInTime<T>(options: WaitOptions<T>, leftMs: number): Promise<Glimpse<T> | undefined> {
  const timer = new AbortController();
  const over = sleep(Math.max(leftMs, 0), undefined, { signal: timer.signal }).catch(() => undefined);
  try {
    return await Promise.race([options.probe(), over]);
  } finally {
    timer.abort();
  }
}

async function timedOut<T>(options: WaitOptions<T>, last: string): Promise<KbsError> {
  const { what, forMs, remedy = [], where = {} } = options;
  const seconds = forMs / 1000;
  return new KbsError('WAIT_TIMEOUT', `waited ${seconds} s for ${what}; seen last: ${last}`, {
    where,
    remedy,
    details: [`seen last: ${last}`, ...(await gather(options))],
  });
}

/** A host that cannot be asked any more must not hide what was waited for in vain. */
async function gather<T>({ evidence }: WaitOptions<T>): Promise<readonly string[]> {
  try {
    return (await evidence?.()) ?? [];
  } catch (error) {
    return [`no more to be told: ${messageOf(error)}`];
  }
}

function cancelled<T>({ what, where = {} }: WaitOptions<T>, last: string): KbsError {
  return new KbsError('CANCELLED', `cancelled while waiting for ${what}; seen last: ${last}`, { where });
}
