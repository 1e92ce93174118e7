import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { posix } from 'node:path';
import { PassThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { pack, type Pack } from 'tar-stream';

type Header = Parameters<Pack['entry']>[0];

/** One entry of a tar archive; `path` has neither a leading nor a trailing slash. */
export type TarEntry = { readonly path: string } & (
  | { readonly type: 'directory'; readonly mode?: number }
  | { readonly type: 'symlink'; readonly target: string }
  | { readonly type: 'text'; readonly text: string; readonly mode?: number }
  | { readonly type: 'file'; readonly source: string; readonly mode?: number }
);

/** What a written archive is known by. */
export interface WrittenTar {
  readonly file: string;
  /** Of the archive before compression. */
  readonly sha256: string;
  /** Of the file. */
  readonly sizeBytes: number;
}

/** The time of every file and image that the lab makes: that of the release of Kubernetes v1.25.0. */
export const FIXED_TIME = new Date('2022-08-23T00:00:00Z');

/** How an archive is written. */
export interface TarOptions {
  readonly gzip?: boolean;
  /** Entries keep the order they are given in; without it they are sorted and their parent directories added. */
  readonly asGiven?: boolean;
}

/** Writes an archive whose bytes depend on the entries alone: fixed times, owner 0:0, sorted. */
export async function writeTar(file: string, entries: readonly TarEntry[], options: TarOptions = {}): Promise<WrittenTar> {
  const hash = createHash('sha256');
  const archive = pack();
  const counted = new PassThrough({ highWaterMark: 1 << 20 });
  counted.on('data', (chunk: Buffer) => hash.update(chunk));
  const target = createWriteStream(file, { highWaterMark: 1 << 20 });
  const written = options.gzip === true ? pipeline(archive, counted, createGzip({ level: 6 }), target) : pipeline(archive, counted, target);
  const filled = fill(archive, options.asGiven === true ? entries : withParents(entries));
  await Promise.all([written, filled]);
  return { file, sha256: hash.digest('hex'), sizeBytes: (await stat(file)).size };
}

async function fill(archive: Pack, entries: readonly TarEntry[]): Promise<void> {
  try {
    for (const entry of entries) await add(archive, entry);
    archive.finalize();
  } catch (error) {
    archive.destroy(error as Error);
    throw error;
  }
}

async function add(archive: Pack, entry: TarEntry): Promise<void> {
  const header: Header = { name: entry.path, mtime: FIXED_TIME, uid: 0, gid: 0 };
  switch (entry.type) {
    case 'directory':
      return writeEntry(archive, { ...header, name: `${entry.path}/`, type: 'directory', mode: entry.mode ?? 0o755 });
    case 'symlink':
      return writeEntry(archive, { ...header, type: 'symlink', linkname: entry.target, mode: 0o777 });
    case 'text':
      return writeEntry(archive, { ...header, type: 'file', mode: entry.mode ?? 0o644 }, entry.text);
    case 'file': {
      const { size } = await stat(entry.source);
      const sink = archive.entry({ ...header, type: 'file', mode: entry.mode ?? 0o755, size });
      await pipeline(createReadStream(entry.source, { highWaterMark: 1 << 20 }), sink);
    }
  }
}

function writeEntry(archive: Pack, header: Header, text = ''): Promise<void> {
  return new Promise((resolve, reject) => {
    archive.entry(header, text, (error) => (error ? reject(error) : resolve()));
  });
}

function withParents(entries: readonly TarEntry[]): TarEntry[] {
  const byPath = new Map<string, TarEntry>();
  for (const { path } of entries) {
    for (let parent = posix.dirname(path); parent !== '.'; parent = posix.dirname(parent))
      byPath.set(parent, { path: parent, type: 'directory' });
  }
  for (const entry of entries) byPath.set(entry.path, entry);
  return [...byPath.values()].sort((one, other) => (one.path < other.path ? -1 : 1));
}
