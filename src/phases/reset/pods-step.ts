import { PATHS } from '../../constants/index.js';
import { waitFor, type AnyStep } from '../../engine/index.js';
import { script, sh, type Command, type Host } from '../../host/index.js';
import type { FormerState } from './former-state.js';
import { sweepStep } from './sweep-step.js';

/**
 * Prints `pid name` of everything pods consist of: all that is in their control groups (processes of hostPID pods live nowhere else),
 * the shims of the runtime's Kubernetes namespace, and what the shims started; with a Docker Engine of kbs, its shims, too, with CRI-O, what
 * watches over its containers, and with Kata, every program of it: virtual machines leave their shim. A zombie is gone already.
 */
const POD_PROCESSES = `
alive() { [ -r "/proc/$1/stat" ] && ! grep -q '^State:.Z' "/proc/$1/status" 2>/dev/null; }
children() {
  for task in /proc/"$1"/task/*; do
    for child in $(cat "$task/children" 2>/dev/null); do echo "$child"; children "$child"; done
  done
}
{
  find /sys/fs/cgroup -path '*/kubepods*' -name cgroup.procs -exec cat {} + 2>/dev/null
  for folder in /proc/[0-9]*; do
    case $(tr '\\0' ' ' 2>/dev/null <"$folder/cmdline" | head -c 400) in
      *containerd-shim*' -namespace k8s.io '* | *containerd-shim*" -namespace $docker "*) echo "\${folder#/proc/}"; children "\${folder#/proc/}" ;;
      *conmon' '*" --exit-dir $exits "*) echo "\${folder#/proc/}"; children "\${folder#/proc/}" ;;
    esac
    if [ -n "$kata" ]; then case $(readlink "$folder/exe") in "$kata"/*) echo "\${folder#/proc/}" ;; esac; fi
  done
} | sort -un | while read -r pid; do
  if alive "$pid"; then echo "$pid $(cat "/proc/$pid/comm" 2>/dev/null)"; fi
done`;

/** Killed at once, as \`kubeadm reset\` does; shims last, or their containers would be handed to init half-way. */
const KILL = `
for pid do
  case $(cat "/proc/$pid/comm" 2>/dev/null) in containerd-shim* | conmon) ;; *) kill -KILL "$pid" 2>/dev/null || [ ! -d "/proc/$pid" ] || exit 1 ;; esac
done
for pid do
  case $(cat "/proc/$pid/comm" 2>/dev/null) in containerd-shim* | conmon) kill -KILL "$pid" 2>/dev/null || [ ! -d "/proc/$pid" ] || exit 1 ;; esac
done`;

/** CRI-O's default of container_exits_dir; of podman it is another. Source: CRI-O 1.25 pkg/config. */
const CRIO_EXITS = '/var/run/crio/exits';

const DEATH_WAIT_MS = 20_000;

async function podProcesses(host: Host, look: Command): Promise<readonly string[]> {
  const text = await host.run(look, { retryOnLoss: true });
  return text.split('\n').filter((line) => line !== '');
}

function countProcesses(found: readonly string[]): string {
  const names = [...new Set(found.map((line) => line.split(' ')[1] ?? ''))].sort();
  return `end ${found.length} process${found.length === 1 ? '' : 'es'} of pods: ${names.join(', ')}`;
}

/** Ends every pod. Kubelet and, where it is kbs's, container runtime are down by now: nothing starts again. */
export function endPodsStep({ docker, hasCrio, hasKata }: Pick<FormerState, 'docker' | 'hasCrio' | 'hasKata'>): AnyStep {
  // No namespace has a space in its name.
  const look = script(POD_PROCESSES, {
    docker: docker === 'brought' ? 'moby' : 'no namespace',
    exits: hasCrio ? CRIO_EXITS : 'no folder',
    kata: hasKata ? PATHS.kataDir : '',
  });
  return sweepStep({
    id: 'reset/pods',
    title: 'End all pods',
    look,
    describe: countProcesses,
    sweep: async (_found, host, { signal }) => {
      await waitFor({
        what: 'the processes of pods to end',
        forMs: DEATH_WAIT_MS,
        signal,
        where: { host: host.name },
        probe: async () => {
          const left = await podProcesses(host, look);
          if (left.length === 0) return { done: true, value: true };
          const pids = left.map((line) => line.split(' ')[0] ?? '');
          await host.run(sh`set -- ${pids}${{ text: KILL }}`);
          return { done: false, seen: left.join(', ') };
        },
      });
    },
    remedy: (left) => [`ps -o pid,stat,wchan,args -p ${left.map((line) => line.split(' ')[0]).join(',')}   # state D: a file system hangs`],
  });
}
