import { readdir, rm } from 'node:fs/promises';
import { capture } from './command.js';
import { machineName, powerOff } from './boot.js';
import { forgetMachineName } from './machine.js';
import { hostNamespace, operatorNamespace, removeNamespace } from './network.js';
import { NETNS_ROOT, hostDiskDirectory, labDiskDirectory, labStateDirectory } from './paths.js';
import { forgetHost, readHosts } from './state.js';
import type { HostRecord } from './state.js';

/** Ends a host and removes its disk and its note. */
export async function removeHost(lab: string, host: HostRecord): Promise<void> {
  await powerOff(lab, host);
  await rm(hostDiskDirectory(lab, host.name), { recursive: true, force: true });
  await forgetHost(lab, host.name);
}

/** Processes that run in a network namespace, by `ip netns pids`. */
async function processesInNamespace(netns: string): Promise<number[]> {
  const listed = await capture(['ip', 'netns', 'pids', netns]);
  return listed.stdout
    .split('\n')
    .filter((line) => line !== '')
    .map(Number);
}

/**
 * Removes all that a lab consists of, whatever is left of it: after a crash, or when it was only half made. What is not noted is
 * found by name, since namespaces carry the lab's. To be called with the machine's lock held.
 */
export async function removeLab(lab: string): Promise<void> {
  await Promise.all((await readHosts(lab)).map((host) => removeHost(lab, host)));
  const prefix = hostNamespace(lab, '');
  for (const netns of await readdir(NETNS_ROOT).catch(() => [])) {
    if (netns.startsWith(prefix)) {
      await removeNamespace(netns);
      await forgetMachineName(machineName(lab, netns.slice(prefix.length)));
    }
  }
  await endOperatorProcesses(lab);
  await removeNamespace(operatorNamespace(lab));
  await rm(labDiskDirectory(lab), { recursive: true, force: true });
  await rm(labStateDirectory(lab), { recursive: true, force: true });
}

// Only the lab's own runs there: servers of the lab, and kbs under test. A test that still runs would see its network vanish.
async function endOperatorProcesses(lab: string): Promise<void> {
  for (const pid of await processesInNamespace(operatorNamespace(lab)).catch(() => [])) {
    if (pid === process.pid) continue;
    try {
      process.kill(pid, 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}
