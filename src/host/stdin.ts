import { Readable, type Writable } from 'node:stream';
import { Secret } from '../secret/index.js';
import type { ExecOptions } from './transport.js';

/**
 * Gives a process its standard input and closes it. Stops quietly when the process no longer reads: how it
 * ended says more than a broken pipe.
 * @param head goes before the input (the password sudo reads)
 * @throws whatever the source stream fails with
 */
export async function feedStdin(stdin: Writable, head: string, source: ExecOptions['stdin']): Promise<void> {
  let isOpen = true;
  const close = (): void => {
    isOpen = false;
    if (source instanceof Readable) source.destroy();
  };
  stdin.once('close', close).on('error', close);
  if (head !== '') stdin.write(head);
  if (source instanceof Readable) {
    try {
      for await (const chunk of source as AsyncIterable<Buffer | string>) {
        if (!stdin.write(chunk)) await drained(stdin);
        if (!isOpen) return;
      }
    } catch (error) {
      if (!isOpen) return;
      throw error;
    }
    stdin.end();
  } else if (source === undefined) stdin.end();
  else stdin.end(source instanceof Secret ? source.reveal() : source);
}

function drained(stdin: Writable): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      stdin.off('drain', done).off('close', done).off('error', done);
      resolve();
    };
    stdin.on('drain', done).on('close', done).on('error', done);
  });
}
