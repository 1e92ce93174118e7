import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { extract, type Extract } from 'tar-stream';
import { KbsError, messageOf } from '../errors/index.js';
import type { ArchiveEntry } from './types.js';

const GZIP_MAGIC = Buffer.from([0x1f, 0x8b]);

async function isGzip(path: string): Promise<boolean> {
  const handle = await open(path, 'r');
  try {
    const { buffer } = await handle.read(Buffer.alloc(2), 0, 2, 0);
    return buffer.equals(GZIP_MAGIC);
  } finally {
    await handle.close();
  }
}

async function collect(archive: Extract): Promise<readonly ArchiveEntry[]> {
  const entries: ArchiveEntry[] = [];
  for await (const entry of archive) {
    const hash = createHash('sha256');
    let sizeBytes = 0;
    for await (const chunk of entry) {
      hash.update(chunk as Buffer);
      sizeBytes += (chunk as Buffer).length;
    }
    const { type, name, mode } = entry.header;
    if (type !== 'file' && type !== 'contiguous-file') continue;
    entries.push({ name: name.replace(/^(\.\/)+/, ''), mode: (mode ?? 0o644) & 0o7777, sha256: hash.digest('hex'), sizeBytes });
  }
  return entries;
}

/**
 * Reads through a tar or tar.gz.
 * @returns its regular files in the order of the archive; links and folders are left out
 * @throws KbsError ARTIFACT_MISSING when it is no such archive
 */
export async function readArchiveEntries(path: string): Promise<readonly ArchiveEntry[]> {
  const archive = extract();
  const source = createReadStream(path, { highWaterMark: 1024 * 1024 });
  try {
    const reading = (await isGzip(path)) ? pipeline(source, createGunzip(), archive) : pipeline(source, archive);
    const [entries] = await Promise.all([collect(archive), reading]);
    return entries;
  } catch (cause) {
    throw new KbsError('ARTIFACT_MISSING', `${path} cannot be read as a tar archive`, {
      details: [messageOf(cause)],
      remedy: [`tar -tf ${path}`],
      cause,
    });
  }
}
