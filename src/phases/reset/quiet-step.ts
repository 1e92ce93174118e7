import { PATHS } from '../../constants/index.js';
import { checkStep, waitFor, type AnyStep } from '../../engine/index.js';
import { script } from '../../host/index.js';

/**
 * Commands of a kbs that was killed: they go on for a while on the host. Recognised by the way kbs starts them; this look itself, the
 * process that keeps this run's lock, and all above them are left out.
 */
const EARLIER_COMMANDS = `
own=" "
for pid in $$ $(cat "$LOCK/pid" 2>/dev/null); do
  while [ "\${pid:-0}" -gt 1 ]; do own="$own$pid "; pid=$(awk '$1 == "PPid:" { print $2 }' "/proc/$pid/status" 2>/dev/null); done
done
for folder in /proc/[0-9]*; do
  pid=\${folder#/proc/}
  case $own in *" $pid "*) continue ;; esac
  case $(tr '\\0' ' ' 2>/dev/null <"$folder/cmdline" | head -c 200) in 'timeout -k 5 '*' /bin/sh -c '*) echo "$pid" ;; esac
done`;

const EARLIER_WAIT_MS = 30_000;

/** Waits until nothing of an earlier run works on the host any more: it could make again what reset has just taken away. */
export function quietStep(): AnyStep {
  return checkStep({
    id: 'reset/quiet',
    title: 'Wait for commands of an earlier run',
    timeoutMs: EARLIER_WAIT_MS + 30_000,
    run: async (host, context) => {
      await waitFor({
        what: 'commands of an earlier kbs to end',
        forMs: EARLIER_WAIT_MS,
        signal: context.signal,
        where: { host: host.name },
        remedy: [`ps -ef | grep 'timeout -k 5'   # on ${host.name}: is another kbs working there? Else end them with kill`],
        probe: async () => {
          const pids = (await host.run(script(EARLIER_COMMANDS, { LOCK: PATHS.lockDir }), { retryOnLoss: true }))
            .split('\n')
            .filter((line) => line !== '');
          return pids.length === 0 ? { done: true, value: true } : { done: false, seen: `process ${pids.join(', ')}` };
        },
      });
    },
  });
}
