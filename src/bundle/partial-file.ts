import { randomBytes } from 'node:crypto';
import { readdir, rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** `true` also for a process of another user. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function moved(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    // Another kbs was quicker.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

/** Leftovers of downloads of this file that nobody writes to any more. */
async function abandoned(file: string): Promise<readonly string[]> {
  const prefix = `${basename(file)}.partial`;
  const names = await readdir(dirname(file));
  return names
    .filter((name) => {
      if (name === prefix) return true;
      const pid = name.startsWith(`${prefix}-`) ? Number(name.slice(prefix.length + 1).split('-')[0]) : Number.NaN;
      return Number.isInteger(pid) && !isRunning(pid);
    })
    .map((name) => join(dirname(file), name));
}

/**
 * A file of this process's own to download into, which begins with what an earlier download left.
 * Two kbs on one machine never write to the same one: taking one over is a rename.
 * @param file the file it is going to be
 */
export async function claimPartial(file: string): Promise<string> {
  const own = `${file}.partial-${process.pid}-${randomBytes(4).toString('hex')}`;
  for (const candidate of await abandoned(file)) {
    if (await moved(candidate, own)) return own;
  }
  return own;
}

/** Leaves an unfinished download for the next attempt, by whomever. */
export async function releasePartial(own: string, file: string): Promise<void> {
  await moved(own, `${file}.partial`);
}
