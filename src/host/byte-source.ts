import { open } from 'node:fs/promises';

/** Bytes in order, as they come. Whoever asks for the next piece has done with the last one: its memory may be used again. */
export type ByteSource = AsyncIterable<Buffer | string>;

/** Larger pieces leave the encryption of a connection with fewer, and a quarter more throughput. */
const CHUNK_BYTES = 256 * 1024;

/** Whether something is read piece by piece, and only once. */
export function isByteSource(value: unknown): value is ByteSource {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

/**
 * A local file from a byte offset on. All pieces share one buffer: a new one for each would be garbage at once, and collecting what
 * uploads to many hosts leave costs much of what sending takes.
 * @throws NodeJS.ErrnoException when the file cannot be read
 */
export async function* fileBytes(path: string, offset: number): AsyncGenerator<Buffer, void> {
  const file = await open(path);
  try {
    const buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES);
    for (let position = offset; ;) {
      const { bytesRead } = await file.read(buffer, 0, CHUNK_BYTES, position);
      if (bytesRead === 0) return;
      position += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}
