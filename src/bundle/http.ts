import pRetry from 'p-retry';
import { KbsError } from '../errors/index.js';

/** How long kbs bears with a server. */
export interface Patience {
  /** Further attempts after the first. */
  readonly retries: number;
  /** Pause before the first of them, milliseconds; doubled each time, up to 10 s. */
  readonly retryDelayMs: number;
  /** A connection that brings nothing for so long is given up, milliseconds. */
  readonly stallMs: number;
}

/** Bears an outage of about half a minute. */
export const DEFAULT_PATIENCE: Patience = { retries: 6, retryDelayMs: 500, stallMs: 30_000 };

/** An attempt that failed for a reason that may go away: connection, server error, stall. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

function causeText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (cause instanceof AggregateError) return cause.errors.map(causeText).join('; ');
  return cause instanceof Error ? causeText(cause) : error.message;
}

/** Ends a request that makes no progress. */
class StallGuard {
  readonly #controller = new AbortController();
  readonly #signal: AbortSignal;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    signal: AbortSignal,
    private readonly stallMs: number,
  ) {
    this.#signal = AbortSignal.any([signal, this.#controller.signal]);
    this.touch();
  }

  get signal(): AbortSignal {
    return this.#signal;
  }

  touch(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#controller.abort(new Error(`no data for ${this.stallMs / 1000} s`)), this.stallMs);
  }

  end(): void {
    clearTimeout(this.#timer);
  }

  /** Why the request was ended, if it was this guard. */
  get reason(): string | undefined {
    return this.#controller.signal.aborted ? causeText(this.#controller.signal.reason) : undefined;
  }
}

/** 5xx, too many requests, request timeout: the server may answer otherwise a moment later. */
function isPassing(status: number): boolean {
  return status >= 500 || status === 429 || status === 408;
}

function refusal(url: string, status: number): KbsError {
  if (status === 404 || status === 410) {
    return new KbsError('ARTIFACT_MISSING', `there is nothing at ${url} (HTTP ${status})`, { remedy: [`curl -I ${url}`] });
  }
  return new KbsError('ARTIFACT_DOWNLOAD', `the server refused ${url} (HTTP ${status})`, { remedy: [`curl -I ${url}`] });
}

/** One GET and what to do with its answer. */
export interface Request<Result> {
  readonly url: string;
  /** First byte wanted; the answer may still begin at 0. */
  readonly offset: number;
  readonly signal: AbortSignal;
  readonly stallMs: number;
  /** `touch` has to be called whenever data came. */
  readonly consume: (response: Response, touch: () => void) => Promise<Result>;
}

/**
 * Sends one GET.
 * @throws Interrupted when it is worth another attempt; KbsError ARTIFACT_MISSING, ARTIFACT_DOWNLOAD, CANCELLED when not
 */
export async function requestOnce<Result>(request: Request<Result>): Promise<Result> {
  const { url, offset, signal } = request;
  if (signal.aborted) throw new KbsError('CANCELLED', `the download of ${url} was cancelled`);
  const guard = new StallGuard(signal, request.stallMs);
  try {
    // A compressed answer would have other lengths, and another digest than published.
    const headers = { 'accept-encoding': 'identity', ...(offset > 0 ? { range: `bytes=${offset}-` } : {}) };
    const response = await fetch(url, { headers, signal: guard.signal });
    if (!response.ok && response.status !== 416) {
      await response.body?.cancel();
      if (isPassing(response.status)) throw new Interrupted(`the server answered HTTP ${response.status}`);
      throw refusal(url, response.status);
    }
    return await request.consume(response, () => guard.touch());
  } catch (error) {
    if (signal.aborted) throw new KbsError('CANCELLED', `the download of ${url} was cancelled`, { cause: error });
    if (error instanceof KbsError || error instanceof Interrupted) throw error;
    throw new Interrupted(guard.reason ?? causeText(error), { cause: error });
  } finally {
    guard.end();
  }
}

/** How an attempt is repeated. */
export interface Repetition {
  readonly signal: AbortSignal;
  readonly patience: Patience;
  /** Told why an attempt stopped when there is going to be another. */
  readonly onInterrupted: (reason: string) => void;
}

/** Repeats an attempt while it is {@link Interrupted}, with growing pauses. */
export async function withRetries<Result>(attempt: () => Promise<Result>, repetition: Repetition): Promise<Result> {
  const { signal, patience, onInterrupted } = repetition;
  try {
    return await pRetry(attempt, {
      retries: patience.retries,
      minTimeout: patience.retryDelayMs,
      maxTimeout: 10_000,
      signal,
      shouldRetry: ({ error }) => error instanceof Interrupted,
      onFailedAttempt: ({ error, retriesLeft }) => {
        if (error instanceof Interrupted && retriesLeft > 0) onInterrupted(error.message);
      },
    });
  } catch (error) {
    if (signal.aborted && !(error instanceof KbsError)) throw new KbsError('CANCELLED', 'a download was cancelled', { cause: error });
    throw error;
  }
}

/**
 * A small text from a server.
 * @throws KbsError ARTIFACT_MISSING, ARTIFACT_DOWNLOAD, CANCELLED
 */
export async function fetchText(url: string, repetition: Repetition): Promise<string> {
  const { signal, patience } = repetition;
  const attempt = (): Promise<string> =>
    requestOnce({ url, offset: 0, signal, stallMs: patience.stallMs, consume: (response) => response.text() });
  try {
    return await withRetries(attempt, repetition);
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    throw new KbsError('ARTIFACT_DOWNLOAD', `cannot download ${url}: ${error.message}`, { remedy: [`curl -I ${url}`], cause: error });
  }
}
