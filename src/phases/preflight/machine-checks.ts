import { SANDBOX_CHECK } from './sandbox-check.js';
import type { PreflightCheck, PreflightInput } from './types.js';

const MEBIBYTE = 1024 * 1024;
/** Source: kubeadm v1.25 constants.go, ControlPlaneMem and ControlPlaneNumCPU. */
const CONTROL_PLANE = { memoryMebibytes: 1700, cpus: 2 } as const;
const WORKER_MEMORY_MEBIBYTES = 700;
const ARCHITECTURES: readonly string[] = ['amd64', 'arm64'];
/** Distributions (ID or ID_LIKE of os-release) on which the packages and paths kbs counts on are known. */
const KNOWN_SYSTEMS: readonly string[] = ['debian', 'ubuntu', 'rhel', 'centos', 'fedora', 'suse', 'sles', 'amzn', 'arch'];
/** Source: system-validators 1.7 types_unix.go. */
const CGROUP_CONTROLLERS = {
  v1: ['cpu', 'cpuacct', 'cpuset', 'devices', 'freezer', 'memory', 'pids'],
  v2: ['cpu', 'cpuset', 'memory', 'pids'],
} as const;

function kernelIsAtLeast(release: string, major: number, minor: number): boolean {
  const [seenMajor = 0, seenMinor = 0] = release.split('.').map((part) => Number.parseInt(part, 10));
  return seenMajor > major || (seenMajor === major && seenMinor >= minor);
}

const always = (): boolean => true;
const nodes = ({ isNode }: PreflightInput): boolean => isNode;

/** Checks of what the machine is: mostly facts. */
export const MACHINE_CHECKS: readonly PreflightCheck[] = [
  SANDBOX_CHECK,
  {
    name: 'Root',
    level: 'error',
    appliesTo: always,
    run({ host: { facts }, findings }) {
      const seen = facts.privilegeProblem ?? (findings.uid === 0 ? undefined : `commands run as uid ${findings.uid}`);
      return seen === undefined
        ? undefined
        : `${seen} — log in as root, or as a user who may use sudo for everything; KBS_SUDO_PASSWORD holds the password it wants`;
    },
  },
  {
    name: 'Systemd',
    level: 'error',
    appliesTo: always,
    run: ({ host }) =>
      host.facts.init === 'systemd'
        ? undefined
        : `process 1 is ${host.facts.init} — use a host that runs systemd: kubelet and runtime are its units`,
  },
  {
    name: 'Architecture',
    level: 'error',
    appliesTo: always,
    run: ({ host: { facts } }) =>
      ARCHITECTURES.includes(facts.architecture) ? undefined : `the machine is ${facts.architecture} — use ${ARCHITECTURES.join(' or ')}`,
  },
  {
    name: 'OperatingSystem',
    level: 'warning',
    appliesTo: always,
    run({ host: { facts } }) {
      const known = [facts.os.id, ...facts.os.idLike].some((id) =>
        KNOWN_SYSTEMS.some((system) => id === system || id.startsWith(`${system}-`)),
      );
      return known
        ? undefined
        : `${facts.os.prettyName || 'the system'} is not among those kbs is tried on — expect other paths and package names`;
    },
  },
  {
    name: 'KernelVersion',
    level: 'error',
    appliesTo: always,
    run: ({ host: { facts } }) =>
      kernelIsAtLeast(facts.kernelRelease, 3, 10) ? undefined : `kernel ${facts.kernelRelease} — Kubernetes needs 3.10 or newer`,
  },
  {
    name: 'KernelVersion',
    level: 'warning',
    appliesTo: always,
    run: ({ host: { facts } }) =>
      !kernelIsAtLeast(facts.kernelRelease, 3, 10) || kernelIsAtLeast(facts.kernelRelease, 4, 19)
        ? undefined
        : `kernel ${facts.kernelRelease} — 4.19 or newer is advisable for overlayfs and cgroups`,
  },
  {
    name: 'Cgroups',
    level: 'error',
    appliesTo: nodes,
    run({ host: { facts } }) {
      const missing = CGROUP_CONTROLLERS[facts.cgroupVersion].filter((controller) => !facts.cgroupControllers.includes(controller));
      if (missing.length === 0) return undefined;
      const what = missing.includes('memory') ? 'boot with cgroup_enable=memory and' : 'boot a kernel that has them, and';
      return `cgroup ${facts.cgroupVersion} without ${missing.join(', ')} — ${what} look at /proc/cgroups`;
    },
  },
  {
    name: 'Cgroups',
    level: 'warning',
    appliesTo: (input) => input.isNode && input.cgroupDriver === 'cgroupfs',
    run: ({ host: { facts } }) =>
      facts.init === 'systemd' && facts.cgroupVersion === 'v2'
        ? 'cgroup driver cgroupfs under systemd with cgroup v2: two owners of one tree — set containerRuntime.cgroupDriver: systemd'
        : undefined,
  },
  {
    name: 'Memory',
    level: 'error',
    appliesTo: (input) => input.isControlPlane,
    run({ host: { facts } }) {
      const seen = Math.floor(facts.memoryBytes / MEBIBYTE);
      return seen >= CONTROL_PLANE.memoryMebibytes
        ? undefined
        : `${seen} MiB of memory — a control plane needs ${CONTROL_PLANE.memoryMebibytes} MiB`;
    },
  },
  {
    name: 'Memory',
    level: 'warning',
    appliesTo: (input) => input.isNode && !input.isControlPlane,
    run({ host: { facts } }) {
      const seen = Math.floor(facts.memoryBytes / MEBIBYTE);
      return seen >= WORKER_MEMORY_MEBIBYTES
        ? undefined
        : `${seen} MiB of memory — little is left for pods below ${WORKER_MEMORY_MEBIBYTES} MiB`;
    },
  },
  {
    name: 'Cpus',
    level: 'error',
    appliesTo: (input) => input.isControlPlane,
    run: ({ host: { facts } }) =>
      facts.cpus >= CONTROL_PLANE.cpus ? undefined : `${facts.cpus} CPU — a control plane needs ${CONTROL_PLANE.cpus}`,
  },
];
