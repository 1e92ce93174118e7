import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LocalFile } from './types.js';

/** A JSON file for each key, written atomically; one that cannot be read counts as absent. */
export class JsonCache<Value> {
  constructor(
    private readonly directory: string,
    private readonly accepts: (value: unknown) => value is Value,
  ) {}

  async get(key: string): Promise<Value | undefined> {
    try {
      const value: unknown = JSON.parse(await readFile(this.#path(key), 'utf8'));
      return this.accepts(value) ? value : undefined;
    } catch {
      // Absent, cut off or written by another version of kbs: what it held is worked out again.
      return undefined;
    }
  }

  async set(key: string, value: Value): Promise<void> {
    const temporary = `${this.#path(key)}.${process.pid}-${randomBytes(4).toString('hex')}`;
    await writeFile(temporary, JSON.stringify(value));
    await rename(temporary, this.#path(key));
  }

  #path(key: string): string {
    return join(this.directory, `${key}.json`);
  }
}

/** What tells an unchanged file from a changed one without reading it. Numbers as decimal texts: they exceed 2^53. */
interface Fingerprint {
  readonly path: string;
  readonly sizeBytes: string;
  readonly mtimeNs: string;
  readonly inode: string;
}

type Remembered = Fingerprint & { readonly sha256: string };

function isRemembered(value: unknown): value is Remembered {
  const fields = value as Partial<Record<keyof Remembered, unknown>> | null;
  return typeof fields === 'object' && fields !== null && typeof fields.sha256 === 'string' && typeof fields.path === 'string';
}

function isSame(one: Fingerprint, other: Fingerprint): boolean {
  return one.path === other.path && one.sizeBytes === other.sizeBytes && one.mtimeNs === other.mtimeNs && one.inode === other.inode;
}

function keyOf(path: string): string {
  return createHash('sha256').update(path).digest('hex');
}

async function fingerprint(path: string): Promise<Fingerprint> {
  const { size, mtimeNs, ino } = await stat(path, { bigint: true });
  return { path, sizeBytes: String(size), mtimeNs: String(mtimeNs), inode: String(ino) };
}

async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 })) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/** Digests of local files, worked out once and remembered until the file changes. */
export class DigestMemory {
  readonly #cache: JsonCache<Remembered>;

  /** @param directory exists; holds one small file per remembered digest */
  constructor(directory: string) {
    this.#cache = new JsonCache(directory, isRemembered);
  }

  /** Notes a digest that was worked out while the file was written. */
  async remember(file: LocalFile): Promise<void> {
    await this.#cache.set(keyOf(file.path), { ...(await fingerprint(file.path)), sha256: file.sha256 });
  }

  /** @throws the error of the file system (ENOENT, EACCES …) */
  async read(path: string): Promise<LocalFile> {
    const key = keyOf(path);
    const before = await fingerprint(path);
    const known = await this.#cache.get(key);
    if (known !== undefined && isSame(known, before)) return { path, sha256: known.sha256, sizeBytes: Number(before.sizeBytes) };
    const sha256 = await hashFile(path);
    const after = await fingerprint(path);
    // A file that changed while it was read is not remembered, so that it is read again next time.
    if (isSame(before, after)) await this.#cache.set(key, { ...after, sha256 });
    return { path, sha256, sizeBytes: Number(after.sizeBytes) };
  }
}
