import { ERROR_KINDS, type ErrorCode } from './codes.js';

/** Where a failure happened; every part that is known. */
export interface ErrorPlace {
  readonly host?: string;
  readonly phase?: string;
  readonly step?: string;
}

/** What a {@link KbsError} carries besides its code and message. */
export interface KbsErrorOptions {
  readonly where?: ErrorPlace;
  /** Commands or actions a user can take, most likely cure first; each stands alone. */
  readonly remedy?: readonly string[];
  /** Evidence: what was seen (command output, journal lines, file positions), one entry a line. */
  readonly details?: readonly string[];
  readonly cause?: unknown;
}

/** The JSON form of a {@link KbsError}, as in `--output json` and in events. */
export interface KbsErrorJson {
  readonly code: ErrorCode;
  readonly message: string;
  readonly where: ErrorPlace;
  readonly remedy: readonly string[];
  readonly details: readonly string[];
}

/** The only error type that kbs throws on purpose: a code from the table, a place, a cure. */
export class KbsError extends Error {
  override readonly name = 'KbsError';
  readonly where: ErrorPlace;
  readonly remedy: readonly string[];
  readonly details: readonly string[];

  constructor(
    readonly code: ErrorCode,
    message: string,
    options: KbsErrorOptions = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.where = options.where ?? {};
    this.remedy = options.remedy ?? [];
    this.details = options.details ?? [];
  }

  /** Process exit code for this error. */
  get exit(): number {
    return ERROR_KINDS[this.code].exit;
  }

  /** Whether trying the same action again may help. */
  get retryable(): boolean {
    return ERROR_KINDS[this.code].retryable;
  }

  /** The same error with the parts of its place that were still unknown filled in. */
  at(place: ErrorPlace): KbsError {
    return new KbsError(this.code, this.message, {
      where: { ...place, ...this.where },
      remedy: this.remedy,
      details: this.details,
      cause: this.cause,
    });
  }

  toJSON(): KbsErrorJson {
    return {
      code: this.code,
      message: this.message,
      where: this.where,
      remedy: this.remedy,
      details: this.details,
    };
  }
}

/** Several failures of one run (several hosts, several checks); its exit code is that of the first. */
export class KbsErrors extends Error {
  override readonly name = 'KbsErrors';

  constructor(readonly errors: readonly [KbsError, ...KbsError[]]) {
    super(errors.map((error) => error.message).join('; '));
  }

  get exit(): number {
    return this.errors[0].exit;
  }
}

/** Everything that was wrong, in a flat list: the parts of a KbsErrors, or the one error, each with its place filled in. */
export function listKbsErrors(error: unknown, where: ErrorPlace = {}): readonly [KbsError, ...KbsError[]] {
  if (!(error instanceof KbsErrors)) return [toKbsError(error, where)];
  const [first, ...rest] = error.errors;
  return [first.at(where), ...rest.map((part) => part.at(where))];
}

/** One error for a list: itself when it stands alone. */
export function joinKbsErrors(errors: readonly [KbsError, ...KbsError[]]): KbsError | KbsErrors {
  return errors.length === 1 ? errors[0] : new KbsErrors(errors);
}

/** What anything thrown says. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** Wraps anything thrown into a KbsError; an unknown error becomes INTERNAL with its cause kept. */
export function toKbsError(error: unknown, where: ErrorPlace = {}): KbsError {
  if (error instanceof KbsError) return error.at(where);
  if (error instanceof KbsErrors) return error.errors[0].at(where);
  return new KbsError('INTERNAL', messageOf(error), { where, cause: error });
}
