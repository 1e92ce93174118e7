import { access, mkdir, mkdtemp, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { withLock } from '../lock.js';
import { cacheDirectory } from '../paths.js';
import { report } from '../report.js';
import { sha256OfTexts } from './digest.js';

/** A directory that is made once and then found again by what it was made from. */
export interface CacheEntry {
  /** Kebab-case; entries of one name replace each other as their inputs change. */
  readonly name: string;
  /** Everything the content depends on. */
  readonly inputs: readonly string[];
  /** Fills the empty directory it is given; that is renamed only when everything is there. */
  readonly build: (directory: string) => Promise<void>;
  /** For so many days an entry is kept that nobody asks for; default 14. */
  readonly keepDays?: number;
}

const KEY_LENGTH = 16;
const KEEP_DAYS = 14;

function partsDirectory(): string {
  return join(cacheDirectory(), 'parts');
}

/** Where an entry is, or will be. */
function cacheEntryDirectory(entry: Pick<CacheEntry, 'name' | 'inputs'>): string {
  return join(partsDirectory(), `${entry.name}-${sha256OfTexts(entry.inputs).slice(0, KEY_LENGTH)}`);
}

/** Returns the entry's directory and makes it first if need be; of several processes one builds and the others wait. */
export async function ensureCacheEntry(entry: CacheEntry): Promise<string> {
  const directory = cacheEntryDirectory(entry);
  if (await touch(directory)) return directory;
  await mkdir(partsDirectory(), { recursive: true });
  await withLock(
    `${directory}.lock`,
    async () => {
      if (await touch(directory)) return;
      await build(entry, directory);
      await removeUnused(entry);
    },
    { removeFile: true },
  );
  return directory;
}

async function build(entry: CacheEntry, directory: string): Promise<void> {
  const started = performance.now();
  const unfinished = await mkdtemp(join(partsDirectory(), '.unfinished-'));
  try {
    await entry.build(unfinished);
    await rename(unfinished, directory);
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    throw error;
  }
  report(`made ${entry.name} in ${((performance.now() - started) / 1000).toFixed(1)} s`);
}

async function touch(directory: string): Promise<boolean> {
  try {
    await access(directory);
    const now = new Date();
    await utimes(directory, now, now);
    return true;
  } catch {
    return false;
  }
}

// A cache that only grows fills the disk: entries nobody asked for in a while go, and so does what a killed build left.
async function removeUnused({ name, keepDays = KEEP_DAYS }: CacheEntry): Promise<void> {
  const oldest = Date.now() - keepDays * 86_400_000;
  for (const found of await readdir(partsDirectory())) {
    const isOfName = found.startsWith(`${name}-`) && found.length === name.length + 1 + KEY_LENGTH;
    if (!isOfName && !found.startsWith('.unfinished-')) continue;
    const path = join(partsDirectory(), found);
    const seen = await stat(path).catch(() => undefined);
    if (seen !== undefined && seen.mtimeMs < oldest) await rm(path, { recursive: true, force: true });
  }
}
