/** A lab operation that failed for a reason the reader can act on; printed without a stack. */
export class LabError extends Error {
  override readonly name = 'LabError';

  constructor(
    message: string,
    readonly remedy?: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
