import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { LabError } from './lab-error.js';

// flock(1) in a child: the kernel gives the lock back when this process dies, however it dies. The file is compared with the
// descriptor after the lock is held, because its last holder may have removed it in the meantime.
const HOLD =
  'while :; do exec 9>"$1"; flock 9; [ "$1" -ef /proc/self/fd/9 ] && break; done; echo held; cat >/dev/null; [ -z "$2" ] || rm -f "$1"';

/** How a lock file is treated. */
export interface LockOptions {
  /** Remove the file when the lock is given back. */
  readonly removeFile?: boolean;
}

/** Runs `work` while no other process holds the lock `file`; waits for its turn. The lock is not re-entrant. */
export async function withLock<T>(file: string, work: () => Promise<T>, options: LockOptions = {}): Promise<T> {
  // A session of its own: Ctrl-C must not take the lock away from a program that is still cleaning up.
  const holder = spawn('sh', ['-c', HOLD, 'lock', file, options.removeFile === true ? 'yes' : ''], {
    stdio: ['pipe', 'pipe', 'inherit'],
    detached: true,
  });
  const ended = once(holder, 'close');
  const held = await Promise.race([once(holder.stdout, 'data').then(() => true), ended.then(() => false)]);
  if (!held) throw new LabError(`cannot lock ${file}`);
  try {
    return await work();
  } finally {
    holder.stdin.end();
    await ended;
  }
}
