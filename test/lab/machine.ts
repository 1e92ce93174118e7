import { access, mkdir, readFile, readdir, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { capture } from './command.js';
import { DISK_ROOT, NETNS_ROOT, STATE_ROOT } from './paths.js';
import { listLabs } from './state.js';

/** What the machine was like before the first lab came up. */
interface MachineRecord {
  readonly sysctls: Readonly<Record<string, string>>;
  /** Directories that were there, of those that labs cause to be made. */
  readonly directories: readonly string[];
}

const MACHINE_FILE = join(STATE_ROOT, 'machine.json');
const NSPAWN_STATE = '/run/systemd/nspawn';

/** Made by programs the lab calls, deepest first; removed again when they were not there before. */
const SIDE_DIRECTORIES: readonly string[] = [`${NSPAWN_STATE}/propagate`, `${NSPAWN_STATE}/locks`, NSPAWN_STATE, NETNS_ROOT, DISK_ROOT];

// Settings below /proc/sys/net belong to a network namespace; all others are the machine's, and what boots in a host
// (systemd-sysctl) or runs there (kubelet) may change them. Left out: what moves by itself or acts when it is written.
const MOVING =
  /^(kernel\/(ns_last_pid|random|pty|sched_domain|firmware_config|printk_ratelimit)|fs\/binfmt_misc|vm\/(compact_memory|drop_caches|stat_refresh))/;

// systemd takes some 20 of them per host: with the default of 128 the sixth host hangs at boot.
const INOTIFY_INSTANCES = 4096;

async function settings(directory: string, prefix: string): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(join('/proc/sys', directory), { withFileTypes: true })) {
    const name = `${prefix}${entry.name}`;
    if (MOVING.test(name)) continue;
    if (entry.isDirectory()) found.push(...(await settings(name, `${name}/`)));
    else found.push(name);
  }
  return found;
}

async function readSettings(): Promise<Record<string, string>> {
  const names = (await Promise.all(['fs', 'kernel', 'vm'].map((area) => settings(area, `${area}/`)))).flat();
  const values: Record<string, string> = {};
  for (const name of names.sort()) {
    const file = join('/proc/sys', name);
    const { mode } = await stat(file);
    if ((mode & 0o600) !== 0o600) continue;
    const value = await readFile(file, 'utf8').catch(() => undefined);
    if (value !== undefined) values[name] = value;
  }
  return values;
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** Notes how the machine is, once, and makes room for many hosts. To be called with the machine's lock held. */
export async function prepareMachine(): Promise<void> {
  if (!(await exists(MACHINE_FILE))) {
    const present = await Promise.all(SIDE_DIRECTORIES.map(async (path) => ((await exists(path)) ? path : undefined)));
    const record: MachineRecord = { sysctls: await readSettings(), directories: present.filter((path) => path !== undefined) };
    await mkdir(STATE_ROOT, { recursive: true, mode: 0o755 });
    await writeFile(MACHINE_FILE, JSON.stringify(record), { mode: 0o600 });
  }
  const file = '/proc/sys/fs/inotify/max_user_instances';
  if (Number(await readFile(file, 'utf8')) < INOTIFY_INSTANCES) await writeFile(file, String(INOTIFY_INSTANCES));
}

/** Takes the machine back to how it was when no lab is left. To be called with the machine's lock held. */
export async function restoreMachine(): Promise<void> {
  if ((await listLabs()).length > 0 || !(await exists(MACHINE_FILE))) return;
  const record = JSON.parse(await readFile(MACHINE_FILE, 'utf8')) as MachineRecord;
  const now = await readSettings();
  for (const [name, value] of Object.entries(record.sysctls)) {
    if (now[name] !== value) await writeFile(join('/proc/sys', name), value);
  }
  for (const directory of SIDE_DIRECTORIES) {
    if (record.directories.includes(directory) || !(await exists(directory))) continue;
    if (directory === NETNS_ROOT) {
      // `ip netns add` turned it into a mount point; someone else's namespaces keep it.
      if ((await readdir(directory)).length > 0) continue;
      await capture(['umount', directory]);
    }
    await rmdir(directory).catch(() => undefined);
  }
  await rm(STATE_ROOT, { recursive: true, force: true });
}

/** Removes what nspawn leaves behind for a machine name. */
export async function forgetMachineName(machine: string): Promise<void> {
  await rm(join(NSPAWN_STATE, 'propagate', machine), { recursive: true, force: true });
}
