/** A server did not answer: refused, broken, late. Nothing is known about what it did with the request. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';

  constructor(
    message: string,
    /** Trying again later may help; not so when the server has another CA. */
    readonly retryable: boolean,
    cause?: unknown,
  ) {
    super(message, cause === undefined ? undefined : { cause });
  }

  /** The same of any error of a connection. */
  static from(error: unknown): NoAnswer {
    if (error instanceof NoAnswer) return error;
    return new NoAnswer(error instanceof Error ? error.message : String(error), true, error);
  }
}

/** There was no request at all: it may be sent again whatever it does. */
export class NotSent extends NoAnswer {}
