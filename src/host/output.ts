import { KbsError } from '../errors/index.js';

/** Most output of one command, per stream. Whoever needs more should write a file. */
const LIMIT_BYTES = 64 * 1024 * 1024;

const NEWLINE = 0x0a;

/** Gathers what a process prints. Bytes are decoded once, so no character is cut in two. */
export class OutputCollector {
  readonly #chunks: Buffer[] = [];
  #sizeBytes = 0;
  #rest: Buffer[] = [];

  constructor(private readonly onLine: ((line: string) => void) | undefined) {}

  /** @throws KbsError REMOTE_COMMAND when it is more than 64 MiB */
  add(chunk: Buffer): void {
    this.#sizeBytes += chunk.length;
    if (this.#sizeBytes > LIMIT_BYTES) {
      throw new KbsError('REMOTE_COMMAND', `a command printed more than ${LIMIT_BYTES / 1024 / 1024} MiB`);
    }
    this.#chunks.push(chunk);
    if (this.onLine) this.#splitLines(chunk, this.onLine);
  }

  /** What was printed up to now. */
  text(): string {
    return Buffer.concat(this.#chunks).toString('utf8');
  }

  /** Everything, after the process has ended; a last line without newline is handed over now. */
  finish(): string {
    if (this.onLine && this.#rest.length > 0) this.onLine(Buffer.concat(this.#rest).toString('utf8'));
    this.#rest = [];
    return this.text();
  }

  #splitLines(chunk: Buffer, onLine: (line: string) => void): void {
    let from = 0;
    for (;;) {
      const end = chunk.indexOf(NEWLINE, from);
      if (end === -1) break;
      onLine(Buffer.concat([...this.#rest, chunk.subarray(from, end)]).toString('utf8'));
      this.#rest = [];
      from = end + 1;
    }
    if (from < chunk.length) this.#rest.push(chunk.subarray(from));
  }
}
