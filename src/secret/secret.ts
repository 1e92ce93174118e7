import { inspect } from 'node:util';

const HIDDEN = '***';

/** A value that never shows itself: not in strings, JSON, logs or `console.log`. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The real value. Call it only where the value leaves for its destination (stdin of a command, a TLS handshake). */
  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return HIDDEN;
  }

  toJSON(): string {
    return HIDDEN;
  }

  [inspect.custom](): string {
    return HIDDEN;
  }
}
