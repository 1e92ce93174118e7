import { hostname, userInfo } from 'node:os';
import { PassThrough } from 'node:stream';
import { PATHS } from '../constants/index.js';
import { KbsError } from '../errors/index.js';
import { script, type Host } from '../host/index.js';

/** Who holds a cluster, as it is written on its control planes. */
interface LockHolder {
  readonly run: string;
  readonly operation: string;
  readonly user: string;
  readonly machine: string;
  /** ISO 8601, UTC. */
  readonly since: string;
}

/** A holder that has not been heard of for so long is dead, or cut off from the host: its lock is taken over. */
const SILENT_SECONDS = 30;
const BEAT_MS = 5_000;
const LONGEST_RUN_MS = 12 * 3_600_000;
const ANSWER_MS = 20_000;
const BUSY = 'busy ';
const LOCKED = 'locked';

/**
 * Holds an flock for as long as its standard input stays open: kbs that dies, however it dies, loses it with its connection.
 * Each line on standard input is a sign of life, kept as the time of the holder file.
 */
const HOLD = `
umask 077
mkdir -p "$DIR"
exec 9>>"$DIR/lock"
if ! flock -n 9; then
  silent=$(( $(date +%s) - $(stat -c %Y "$DIR/holder" 2>/dev/null || date +%s) ))
  if [ "$silent" -le "$SILENT" ]; then echo "busy $(cat "$DIR/holder" 2>/dev/null)"; exit 0; fi
  kill "$(cat "$DIR/pid")" 2>/dev/null
  flock -w 10 9 || { echo "busy $(cat "$DIR/holder" 2>/dev/null)"; exit 0; }
fi
# Whoever removed the file meanwhile left us with a lock on nothing.
[ /proc/self/fd/9 -ef "$DIR/lock" ] || { echo "busy $(cat "$DIR/holder" 2>/dev/null)"; exit 0; }
printf '%s' "$HOLDER" >"$DIR/holder"
echo $$ >"$DIR/pid"
echo locked
while IFS= read -r beat; do touch "$DIR/holder"; done
rm -f "$DIR/holder" "$DIR/pid" "$DIR/lock"
rmdir "$DIR" 2>/dev/null
exit 0
`;

interface HeldLock {
  readonly host: Host;
  readonly release: () => Promise<void>;
}

function describe(text: string): string {
  try {
    const { user, machine, operation, since } = JSON.parse(text) as LockHolder;
    return `kbs ${operation} of ${user} on ${machine}, since ${since}`;
  } catch (error) {
    if (error instanceof SyntaxError) return 'another kbs that is just starting';
    throw error;
  }
}

function lockedBy(host: Host, holder: string): KbsError {
  return new KbsError('CLUSTER_LOCKED', `another run works on this cluster: ${describe(holder)}`, {
    where: { host: host.name },
    remedy: ['wait until it has ended, then run the same command again', `cat ${PATHS.lockDir}/holder   # on ${host.name}: who it is`],
  });
}

/** Takes the lock of one host and keeps it until released. @throws KbsError CLUSTER_LOCKED, SSH_LOST */
async function lockHost(host: Host, holder: LockHolder): Promise<HeldLock> {
  const stdin = new PassThrough();
  const beat = setInterval(() => stdin.write('\n'), BEAT_MS);
  beat.unref();
  let answered: (line: string) => void = () => undefined;
  const answer = new Promise<string>((resolve) => {
    answered = resolve;
  });
  const command = script(HOLD, { DIR: PATHS.lockDir, SILENT: SILENT_SECONDS, HOLDER: JSON.stringify(holder) });
  const ended = host.run(command, { stdin, timeoutMs: LONGEST_RUN_MS, onLine: (stream, line) => stream === 'stdout' && answered(line) });
  const release = async (): Promise<void> => {
    clearInterval(beat);
    stdin.end();
    // A connection that broke has released it already.
    await ended.catch(() => undefined);
  };
  const late = new Promise<string>((resolve) => setTimeout(() => resolve(''), ANSWER_MS).unref());
  const line = await Promise.race([answer, ended.then((text) => text.trim()), late]);
  if (line === LOCKED) return { host, release };
  await release();
  if (line.startsWith(BUSY)) throw lockedBy(host, line.slice(BUSY.length));
  throw new KbsError('CLUSTER_LOCKED', `the lock of the cluster could not be taken: ${line === '' ? 'no answer' : line}`, {
    where: { host: host.name },
  });
}

/**
 * Does work while no other kbs works on the same cluster: each control plane (without one, each host) is locked, in the order of
 * their names. The lock goes with the process or its connection; one whose holder is silent is taken over, so it cannot wedge.
 * @throws KbsError CLUSTER_LOCKED naming who holds it and since when; nothing was done then
 */
export async function withClusterLock<T>(
  hosts: readonly Host[],
  holder: { readonly run: string; readonly operation: string; readonly now: Date },
  work: () => Promise<T>,
): Promise<T> {
  const controlPlanes = hosts.filter((host) => host.roles.has('control-plane'));
  const wanted = (controlPlanes.length > 0 ? controlPlanes : hosts).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const identity: LockHolder = {
    run: holder.run,
    operation: holder.operation,
    user: userInfo().username,
    machine: hostname(),
    since: holder.now.toISOString(),
  };
  const held: HeldLock[] = [];
  try {
    // The first alone: two runs that start at once must meet there, not each hold the other's second.
    for (const host of wanted.slice(0, 1)) held.push(await lockHost(host, identity));
    const others = await Promise.allSettled(wanted.slice(1).map((host) => lockHost(host, identity)));
    held.push(...others.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : [])));
    const refused = others.find((result) => result.status === 'rejected');
    if (refused !== undefined) throw refused.reason;
    return await work();
  } finally {
    await Promise.all(held.map(({ release }) => release()));
  }
}
