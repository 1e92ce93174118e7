import { Readable, type Writable } from 'node:stream';
import { Secret } from '../secret/index.js';
import { isByteSource, type ByteSource } from './byte-source.js';
import type { ExecOptions } from './transport.js';

/**
 * Gives a process its standard input and closes it. Stops quietly when the process no longer reads.
 * @param head goes before the input (the password sudo reads)
 * @throws whatever the source fails with
 */
export async function feedStdin(stdin: Writable, head: string, options: Pick<ExecOptions, 'stdin' | 'onSent'>): Promise<void> {
  const { stdin: source, onSent } = options;
  // How the process ended says more than a broken pipe.
  stdin.on('error', () => undefined);
  if (head !== '') stdin.write(head);
  if (isByteSource(source)) await pump(stdin, source, onSent);
  else if (source === undefined) stdin.end();
  else stdin.end(source instanceof Secret ? source.reveal() : source);
}

async function pump(stdin: Writable, source: ByteSource, onSent: ExecOptions['onSent']): Promise<void> {
  let isOpen = true;
  const close = (): void => {
    isOpen = false;
    // One that has nothing to say at the moment would be waited for without end.
    if (source instanceof Readable) source.destroy();
  };
  stdin.once('close', close).once('error', close);
  try {
    let bytes = 0;
    for await (const chunk of source) {
      // The source may use the chunk's memory again for the next one: it has to be gone.
      if (!isOpen || !(await isWritten(stdin, chunk))) return;
      onSent?.((bytes += Buffer.byteLength(chunk)));
    }
  } catch (error) {
    if (!isOpen) return;
    throw error;
  }
  stdin.end();
}

/** Waits until a chunk has been taken; false when nobody reads any more. */
function isWritten(stdin: Writable, chunk: Buffer | string): Promise<boolean> {
  return new Promise((resolve) => {
    const onClose = (): void => resolve(false);
    stdin.once('close', onClose);
    stdin.write(chunk, (error) => {
      stdin.off('close', onClose);
      resolve(!error);
    });
  });
}
