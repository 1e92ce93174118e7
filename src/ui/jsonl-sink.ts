import type { EventSink } from '../events/index.js';

/** One event a line, as `--output jsonl` and the run log have them. */
export function createJsonlSink(write: (line: string) => void): EventSink {
  return (event) => write(`${JSON.stringify(event)}\n`);
}
