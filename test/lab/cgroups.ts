import { mkdir, readFile, readdir, rmdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { LabError } from './lab-error.js';
import { startTimeOf } from './processes.js';
import { waitFor } from './wait-for.js';

interface Hierarchy {
  /** Where it is mounted. */
  readonly mountPoint: string;
  readonly cpuset: boolean;
  /** The caller's own group below the mount point. */
  readonly ownPath: string;
  readonly unified: boolean;
}

/** Parses `/proc/self/mountinfo` and `/proc/self/cgroup` into the hierarchies that are mounted. */
export function parseHierarchies(mountinfo: string, cgroup: string): Hierarchy[] {
  const own = new Map<string, string>();
  for (const line of cgroup.trim().split('\n')) {
    const [, controllers = '', path = '/'] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    own.set(controllers, path);
  }
  const found = new Map<string, Hierarchy>();
  for (const line of mountinfo.trim().split('\n')) {
    const [left = '', right = ''] = line.split(' - ');
    const [fsType, , superOptions = ''] = right.split(' ');
    const mountPoint = left.split(' ')[4];
    if (mountPoint === undefined || (fsType !== 'cgroup' && fsType !== 'cgroup2')) continue;
    const options = new Set(superOptions.split(','));
    const controllers =
      fsType === 'cgroup2' ? '' : [...own.keys()].find((key) => key !== '' && key.split(',').every((name) => options.has(name)));
    const ownPath = controllers === undefined ? undefined : own.get(controllers);
    if (controllers === undefined || ownPath === undefined || found.has(controllers)) continue;
    found.set(controllers, { mountPoint, ownPath, cpuset: controllers.split(',').includes('cpuset'), unified: fsType === 'cgroup2' });
  }
  return [...found.values()];
}

async function hierarchies(): Promise<Hierarchy[]> {
  return parseHierarchies(await readFile('/proc/self/mountinfo', 'utf8'), await readFile('/proc/self/cgroup', 'utf8'));
}

/**
 * The control groups of one host, one per hierarchy, below the caller's own (which is not the root everywhere). Without them all
 * kubelets of the machine would share one `kubepods`. On a machine with cgroup v2 alone they are below the root, because a
 * group that holds processes cannot hand controllers down.
 */
export async function planCgroups(name: string): Promise<string[]> {
  const all = await hierarchies();
  if (all.length === 0) throw new LabError('no control groups are mounted', 'mount -t cgroup2 none /sys/fs/cgroup');
  return all.map(({ mountPoint, ownPath, unified }) => join(mountPoint, unified && all.length === 1 ? '/' : ownPath, name));
}

/** Makes planned groups, empty ones that exist included. */
export async function createCgroups(paths: readonly string[]): Promise<void> {
  const all = await hierarchies();
  for (const path of paths) {
    await mkdir(path, { recursive: true });
    const hierarchy = all.find(({ mountPoint }) => path.startsWith(`${mountPoint}/`));
    if (hierarchy?.cpuset === true) {
      for (const file of ['cpuset.cpus', 'cpuset.mems']) await writeFile(join(path, file), await readFile(join(dirname(path), file)));
    }
    if (all.length === 1 && hierarchy?.unified === true) {
      const controllers = (await readFile(join(dirname(path), 'cgroup.controllers'), 'utf8')).trim().split(' ');
      await writeFile(join(dirname(path), 'cgroup.subtree_control'), controllers.map((controller) => `+${controller}`).join(' '));
    }
  }
}

async function descendants(path: string): Promise<string[]> {
  const children = await readdir(path, { withFileTypes: true }).catch(() => []);
  const nested = await Promise.all(children.filter((child) => child.isDirectory()).map((child) => descendants(join(path, child.name))));
  return [...nested.flat(), path];
}

/** Processes inside the groups, nested groups included. */
export async function processesIn(paths: readonly string[]): Promise<number[]> {
  const groups = (await Promise.all(paths.map(descendants))).flat();
  const lists = await Promise.all(groups.map((group) => readFile(join(group, 'cgroup.procs'), 'utf8').catch(() => '')));
  const pids = new Set(lists.flatMap((list) => list.split('\n')).filter((line) => line !== '' && line !== '0'));
  const alive = await Promise.all([...pids].map(async (pid) => ((await startTimeOf(Number(pid))) === undefined ? undefined : Number(pid))));
  return alive.filter((pid) => pid !== undefined);
}

// A paused container (v1 freezer) does not die of SIGKILL before it is thawed.
async function thaw(paths: readonly string[]): Promise<void> {
  const groups = (await Promise.all(paths.map(descendants))).flat();
  for (const group of groups.reverse()) {
    const file = join(group, 'freezer.state');
    const state = await readFile(file, 'utf8').catch(() => 'THAWED');
    if (state.trim() !== 'THAWED') await writeFile(file, 'THAWED').catch(() => undefined);
  }
}

/** Ends every process inside the groups; only a host's own processes are ever there. */
export async function emptyCgroups(paths: readonly string[]): Promise<void> {
  await waitFor({
    what: `processes in ${paths[0] ?? 'no group'} to end`,
    forMs: 20_000,
    everyMs: 20,
    probe: async () => {
      const pids = await processesIn(paths);
      if (pids.length > 0) await thaw(paths);
      for (const pid of pids) {
        try {
          process.kill(pid, 'SIGKILL');
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
        }
      }
      return pids.length === 0 ? undefined : `still there: ${pids.join(' ')}`;
    },
  });
}

/** Removes the groups and all below them; they have to be empty. */
export async function removeCgroups(paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    await waitFor({
      what: `control group ${path} to go`,
      forMs: 10_000,
      everyMs: 20,
      probe: async () => {
        for (const group of await descendants(path)) {
          const failure = await rmdir(group).then(
            () => undefined,
            (error: NodeJS.ErrnoException) => error,
          );
          if (failure !== undefined && failure.code !== 'ENOENT') return `${group}: ${failure.code ?? failure.message}`;
        }
        return undefined;
      },
    });
  }
}
