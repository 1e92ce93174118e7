import { spawn } from 'node:child_process';
import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { createCgroups, emptyCgroups, planCgroups, removeCgroups } from './cgroups.js';
import { diskLayout, lowerLayers } from './host-disk.js';
import { LabError } from './lab-error.js';
import { forgetMachineName } from './machine.js';
import { createHostNetwork, removeHostNetwork } from './network.js';
import { NETNS_ROOT } from './paths.js';
import { isAlive, signalProcess, startTimeOf } from './processes.js';
import { type HostRecord, type LabRecord, readHost, switchedOff, writeHost } from './state.js';
import { waitFor } from './wait-for.js';

// SECCOMP=0: else runc cannot join the session keyring. API_VFS_WRITABLE: else no sysctl can be set. USE_CGNS: the host sees its
// own control groups as the root. LOCK=0: the disk is the lab's own, no lock files beside it.
const NSPAWN_ENVIRONMENT = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  SYSTEMD_SECCOMP: '0',
  SYSTEMD_NSPAWN_API_VFS_WRITABLE: '1',
  SYSTEMD_NSPAWN_USE_CGNS: '1',
  SYSTEMD_NSPAWN_LOCK: '0',
  SYSTEMD_LOG_LEVEL: 'warning',
};

// Runs in a mount namespace of its own, so that the file system goes with the last process of the host, whatever ends it.
// $1: number of control groups that follow; then lower, upper, work, root; then the nspawn command.
const LAUNCH = `set -eu
count=$1; shift
while [ "$count" -gt 0 ]; do echo $$ > "$1/cgroup.procs"; shift; count=$((count - 1)); done
mount -t overlay overlay -o "lowerdir=$1,upperdir=$2,workdir=$3" "$4"
shift 4
exec "$@"
`;

// sshd needs its directory; nothing else of a Debian is started.
const WITHOUT_SYSTEMD = 'mkdir -p /run/sshd && /usr/sbin/sshd && while :; do sleep 3600 & wait; done';

/** The name nspawn knows a host by; unique on the machine, unlike the host's own name. */
export function machineName(lab: string, host: string): string {
  return `kbs-${lab}.${host}`;
}

function nspawnCommand(lab: LabRecord, host: HostRecord): string[] {
  const layout = diskLayout(lab.name, host.name);
  return [
    'systemd-nspawn',
    '--quiet',
    '--register=no',
    '--keep-unit',
    '--console=pipe',
    `--network-namespace-path=${join(NETNS_ROOT, host.netns)}`,
    '--capability=all',
    '--bind=/dev/kmsg',
    '--resolv-conf=off',
    '--timezone=off',
    '--link-journal=no',
    `--machine=${machineName(lab.name, host.name)}`,
    `--hostname=${host.name}`,
    `--directory=${layout.root}`,
    ...[...layout.plain].map(([path, source]) => `--bind=${source}:${path}`),
    ...(host.systemd ? ['--boot'] : ['/bin/sh', '-c', WITHOUT_SYSTEMD]),
  ];
}

/** Switches a host on: control groups, network, nspawn. Its disk has to be there. Does not wait for the boot to end. */
export async function bootHost(lab: LabRecord, host: HostRecord): Promise<HostRecord> {
  const cgroups = await planCgroups(`kbs-lab.${lab.name}.${host.name}`);
  const planned: HostRecord = { ...switchedOff(host), cgroups };
  await writeHost(lab.name, planned);
  await createCgroups(cgroups);
  await createHostNetwork(lab, planned);
  const layout = diskLayout(lab.name, host.name);
  await mkdir(layout.root, { recursive: true });
  const console = await open(layout.console, 'a', 0o600);
  try {
    const child = spawn(
      'unshare',
      [
        ...['--mount', '--propagation', 'private', 'sh', '-c', LAUNCH, 'launch', String(cgroups.length), ...cgroups],
        ...[lowerLayers(lab, planned).join(':'), layout.upper, layout.work, layout.root],
        ...nspawnCommand(lab, planned),
      ],
      { detached: true, stdio: ['ignore', console.fd, console.fd], env: NSPAWN_ENVIRONMENT, cwd: '/' },
    );
    const failed = new Promise<never>((_resolve, reject) => child.once('error', reject));
    const pid = child.pid ?? (await failed);
    child.unref();
    const startTime = await startTimeOf(pid);
    if (startTime === undefined) throw new LabError(`host ${host.name} ended at once`, `see ${layout.console}`);
    const running: HostRecord = { ...planned, supervisor: { pid, startTime } };
    await writeHost(lab.name, running);
    return running;
  } finally {
    await console.close();
  }
}

/** Whether a host is switched on. */
export async function isRunning(host: HostRecord): Promise<boolean> {
  return host.supervisor !== undefined && (await isAlive(host.supervisor));
}

/** Cuts the power: every process of the host ends at once, then its namespace and control groups go. The disk stays. */
export async function powerOff(lab: string, host: HostRecord): Promise<void> {
  if (host.supervisor !== undefined) await signalProcess(host.supervisor, 'SIGKILL');
  // systemd inside outlives nspawn; what is in the host's control groups was started by the host.
  await emptyCgroups(host.cgroups);
  await removeCgroups(host.cgroups);
  await removeHostNetwork(lab, host);
  await forgetMachineName(machineName(lab, host.name));
}

/** Shuts a host down in order, as its power button would; cuts the power when it does not end in time. */
export async function shutDown(lab: string, host: HostRecord, forMs: number): Promise<void> {
  const { supervisor } = host;
  if (supervisor !== undefined && (await isAlive(supervisor))) {
    await signalProcess(supervisor, 'SIGTERM');
    await waitFor({
      what: `host ${host.name} to shut down`,
      forMs,
      probe: async () => ((await isAlive(supervisor)) ? 'still running' : undefined),
    }).catch(() => undefined);
  }
  await powerOff(lab, await readHost(lab, host.name));
}
