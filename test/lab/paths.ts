import { homedir } from 'node:os';
import { join } from 'node:path';

/** State of the labs: gone after a reboot of the machine, as the labs themselves are. */
export const STATE_ROOT = '/run/kbs-lab';

/** Disks of the hosts and the operator's scratch directories. */
export const DISK_ROOT = '/var/lib/kbs-lab';

/** Where `ip netns` keeps its handles. */
export const NETNS_ROOT = '/run/netns';

/** Held while labs are created, changed or ended; outside {@link STATE_ROOT} so that the directory can go. */
export const MACHINE_LOCK = '/run/kbs-lab.lock';

/** Directories that cannot live on overlayfs: each host gets a plain directory of the machine's disk over them. */
export const PLAIN_DIRECTORIES: readonly string[] = [
  '/var/lib/containerd',
  '/var/lib/containers',
  '/var/lib/docker',
  '/var/lib/kubelet',
  '/var/lib/etcd',
];

/** Everything that is expensive to make and does not depend on a lab: root file systems, packages, components. */
export function cacheDirectory(): string {
  return process.env['KBS_LAB_CACHE'] ?? join(homedir(), '.cache', 'kbs-lab');
}

/** The state directory of one lab. */
export function labStateDirectory(lab: string): string {
  return join(STATE_ROOT, lab);
}

/** The disk directory of one lab. */
export function labDiskDirectory(lab: string): string {
  return join(DISK_ROOT, lab);
}

/** The disk directory of one host. */
export function hostDiskDirectory(lab: string, host: string): string {
  return join(labDiskDirectory(lab), 'hosts', host);
}
