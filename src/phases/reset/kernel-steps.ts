import { step, type AnyStep } from '../../engine/index.js';
import { KbsError } from '../../errors/index.js';
import { script, sh, type Host } from '../../host/index.js';
import { procPath } from '../../steps/index.js';
import type { FormerState } from './former-state.js';
import { sweepStep } from './sweep-step.js';

interface MovedSetting {
  readonly key: string;
  readonly was: string;
  readonly is: string;
}

function plain(value: string): string {
  return value.trim().split(/\s+/).join(' ');
}

async function lookAtSysctls(host: Host, { sysctls }: Pick<FormerState, 'sysctls'>): Promise<readonly MovedSetting[]> {
  if (sysctls.length === 0) return [];
  const lines = sysctls.map(({ key }) => sh`if [ -r ${procPath(key)} ]; then tr '\t\n' '  ' <${procPath(key)}; fi; echo`.text);
  const values = (await host.run(script(lines.join('\n')), { retryOnLoss: true })).split('\n');
  return sysctls.flatMap(({ key, was }, index) => {
    const is = plain(values[index] ?? '');
    // Empty: the kernel no longer has the key, with its module.
    return is === '' || is === plain(was) ? [] : [{ key, was, is }];
  });
}

/** Kernel settings that kbs, kubelet, kube-proxy or flannel changed. */
export function sysctlsStep(former: Pick<FormerState, 'sysctls'>): AnyStep {
  return step<readonly MovedSetting[]>({
    id: 'reset/sysctls',
    title: 'Set kernel parameters back',
    timeoutMs: 60_000,
    probe: (host) => lookAtSysctls(host, former),
    plan: (moved) =>
      moved.length === 0
        ? { change: 'none' }
        : { change: 'update', summary: moved.map(({ key, was, is }) => `${key} ${is} → ${plain(was)}`).join(', ') },
    async apply(host, moved) {
      const lines = moved.map(({ key, was }) => sh`printf '%s\n' ${was} >${procPath(key)}`.text);
      await host.run(script(lines.join(' &&\n')));
    },
    async verify(host) {
      const left = await lookAtSysctls(host, former);
      if (left.length === 0) return;
      throw new KbsError(
        'VERIFY_FAILED',
        `kernel settings are not as they were: ${left.map(({ key, is }) => `${key} is ${is}`).join(', ')}`,
        {
          where: { host: host.name },
          remedy: left.map(({ key, was }) => `sysctl -w ${key}='${was}'`),
        },
      );
    },
  });
}

/** Modules kbs loaded. One that is in use by others by now stays, with a warning: it changes nothing for them. */
export function modulesStep({ modules }: Pick<FormerState, 'modules'>): AnyStep {
  return step<readonly string[]>({
    id: 'reset/modules',
    title: 'Unload kernel modules',
    timeoutMs: 60_000,
    async probe(host) {
      if (modules.length === 0) return [];
      const loaded = new Set((await host.run(sh`cut -d ' ' -f 1 /proc/modules`, { retryOnLoss: true })).split('\n'));
      return modules.filter((name) => loaded.has(name.replaceAll('-', '_')));
    },
    plan: (loaded) => (loaded.length === 0 ? { change: 'none' } : { change: 'remove', summary: `unload ${loaded.join(', ')}` }),
    async apply(host, loaded, context) {
      for (const name of loaded) {
        if (await host.check(sh`modprobe -r -- ${name} 2>/dev/null || exit 1`)) continue;
        context.warn(`kernel module ${name} is in use and stays loaded until the next boot`, [`lsmod | grep ${name}`]);
      }
    },
    verify: () => Promise.resolve(),
  });
}

/** Kata keeps its own share of pods apart. Source: virtcontainers/sandbox.go, resourcecontrol/utils_linux.go of Kata 3.1. */
const KATA_CGROUPS = ['kata_overhead', 'vc'].flatMap((name) => [`/sys/fs/cgroup/${name}`, `/sys/fs/cgroup/*/${name}`]);

function cgroupsFind(hasKata: boolean, action: string): string {
  const patterns = ['*/kubepods*', ...(hasKata ? KATA_CGROUPS.flatMap((path) => [path, `${path}/*`]) : [])];
  return `find /sys/fs/cgroup -depth -type d \\( ${patterns.map((pattern) => `-path '${pattern}'`).join(' -o ')} \\) ${action}`;
}

const SLICES = `systemctl list-units --all --plain --no-legend --no-pager 'kubepods*.slice' 'cri-containerd-*.scope' | awk '{ print $1 }'`;

/** Slices and scopes the kubelet and runc had systemd make, innermost first. */
export function slicesStep(): AnyStep {
  return sweepStep({
    id: 'reset/slices',
    title: 'Stop slices of pods',
    look: script(SLICES),
    describe: (found) => `stop ${found.length} slices and scopes of pods`,
    async sweep(found, host) {
      // With the outer slice the inner ones stop; what failed is forgotten.
      await host.run(sh`systemctl stop -- ${found}; systemctl reset-failed -- ${found} 2>/dev/null; exit 0`);
    },
    remedy: (left) => left.map((unit) => `systemctl status ${unit}`),
  });
}

/** Control groups of pods in every hierarchy: with the cgroupfs driver, and those systemd does not look after. */
export function cgroupsStep({ hasKata }: Pick<FormerState, 'hasKata'>): AnyStep {
  return sweepStep({
    id: 'reset/cgroups',
    title: 'Remove control groups of pods',
    look: script(`${cgroupsFind(hasKata, '-print')} 2>/dev/null; exit 0`),
    describe: (found) => `remove ${found.length} control groups of pods`,
    async sweep(_found, host) {
      await host.run(script(`${cgroupsFind(hasKata, '-exec rmdir {} +')} 2>&1 || exit 0`));
    },
    remedy: (left) => [`cat ${left[0] ?? ''}/cgroup.procs   # who is still in it?`],
  });
}
