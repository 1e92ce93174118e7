import { readFile } from 'node:fs/promises';
import { processesIn } from './cgroups.js';
import { LabError } from './lab-error.js';
import { isRunning } from './boot.js';
import type { HostRecord } from './state.js';

/** The pid, on the machine, of a host's PID 1. @throws LabError when the host is off. */
export async function initProcess(host: HostRecord): Promise<number> {
  if (!(await isRunning(host))) throw new LabError(`host ${host.name} is off`, 'npm run lab -- status');
  const supervisor = host.supervisor?.pid;
  for (const pid of await processesIn(host.cgroups)) {
    const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
    const inner = /^NSpid:\s*\d+\s+(\d+)$/m.exec(status)?.[1];
    const parent = Number(/^PPid:\s*(\d+)$/m.exec(status)?.[1]);
    if (inner === '1' && parent === supervisor) return pid;
  }
  throw new LabError(`host ${host.name} has no PID 1 yet`);
}

/** The argv that runs a command inside a host without ssh: no login session, and it works when sshd does not. */
export async function enterCommand(host: HostRecord, argv: readonly string[]): Promise<string[]> {
  const pid = await initProcess(host);
  const join = 'while [ "$1" != -- ]; do echo $$ > "$1/cgroup.procs"; shift; done; shift; exec "$@"';
  return [
    ...['sh', '-c', join, 'enter', ...host.cgroups, '--'],
    ...['nsenter', `--target=${pid}`, '--mount', '--uts', '--ipc', '--net', '--pid', '--cgroup', '--root'],
    ...[
      'env',
      '-i',
      'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      'HOME=/root',
      `TERM=${process.env['TERM'] ?? 'dumb'}`,
    ],
    ...argv,
  ];
}
