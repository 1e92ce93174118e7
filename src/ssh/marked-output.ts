import { Readable } from 'node:stream';

/** Record separator: hardly any output has it, so that what comes is handed on at once and not held back as a mark's possible beginning. */
const BEGIN = 0x1e;

/** What comes out of a shell until a mark, with a word behind the mark. */
export class MarkedOutput {
  /** Everything before the mark, as it comes. */
  readonly stream = new Readable({ read: () => undefined });
  readonly #mark: Buffer;
  #held: Buffer = Buffer.alloc(0);

  /** @param mark that no other output contains */
  constructor(
    mark: string,
    private readonly onEnd: (word: string) => void,
  ) {
    this.#mark = Buffer.from(`${String.fromCharCode(BEGIN)}${mark} `);
  }

  /** Shell commands that end this output. @param word a shell word; its value goes to `onEnd` */
  static endedBy(mark: string, word: string): string {
    return `printf '\\036%s %s\\n' ${mark} ${word}`;
  }

  /** Takes what came out. @returns what is behind the mark, which is somebody else's; undefined while the mark is still to come */
  take(chunk: Buffer): Buffer | undefined {
    const held = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    const begin = held.indexOf(this.#mark);
    const ownBytes = begin < 0 ? held.length - this.#begunBytes(held) : begin;
    if (ownBytes > 0) this.stream.push(held.subarray(0, ownBytes));
    this.#held = held.subarray(ownBytes);
    const end = begin < 0 ? -1 : this.#held.indexOf('\n', this.#mark.length);
    if (end < 0) return undefined;
    this.stream.push(null);
    this.onEnd(this.#held.subarray(this.#mark.length, end).toString());
    return this.#held.subarray(end + 1);
  }

  /** How much of the end may be the beginning of the mark. */
  #begunBytes(held: Buffer): number {
    const begin = held.lastIndexOf(BEGIN);
    const rest = begin < 0 ? held.subarray(held.length) : held.subarray(begin);
    return this.#mark.subarray(0, rest.length).equals(rest) ? rest.length : 0;
  }

  /** Nothing comes any more. */
  cut(): void {
    this.stream.push(null);
  }
}
