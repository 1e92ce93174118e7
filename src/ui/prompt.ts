import { createInterface } from 'node:readline';
import type { ReadStream, WriteStream } from 'node:tty';
import { Writable } from 'node:stream';
import { KbsError } from '../errors/index.js';
import { Secret } from '../secret/index.js';

/** The two ends of a terminal: questions go to standard error, so that standard output stays the result. */
export interface PromptStreams {
  readonly input: ReadStream;
  readonly output: WriteStream;
}

/** Asks a question and returns the line typed. @throws KbsError CANCELLED on Ctrl-C or end of input */
export function promptLine(question: string, streams: PromptStreams): Promise<string> {
  return readLine(question, streams, streams.output);
}

/** Asks for something that must not be seen: nothing typed is shown. @throws KbsError CANCELLED on Ctrl-C or end of input */
export async function promptSecret(question: string, streams: PromptStreams): Promise<Secret> {
  const silence = new Writable({ write: (_chunk, _encoding, done) => done() });
  streams.output.write(question);
  try {
    return new Secret(await readLine('', streams, silence));
  } finally {
    streams.output.write('\n');
  }
}

function readLine(question: string, { input }: PromptStreams, echo: Writable): Promise<string> {
  // In terminal mode readline does the echo itself, into `echo`; the terminal is raw meanwhile.
  const reader = createInterface({ input, output: echo, terminal: true, historySize: 0 });
  return new Promise((resolve, reject) => {
    const cancel = (): void => reject(new KbsError('CANCELLED', 'the question was not answered'));
    reader.once('SIGINT', () => reader.close());
    reader.once('close', cancel);
    reader.question(question, (answer) => {
      reader.off('close', cancel);
      reader.close();
      resolve(answer);
    });
  });
}
