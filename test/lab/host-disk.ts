import { randomBytes } from 'node:crypto';
import { chmod, chown, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { gatewayOf } from './addressing.js';
import { output } from './command.js';
import { PLAIN_DIRECTORIES, hostDiskDirectory } from './paths.js';
import type { HostRecord, LabRecord } from './state.js';

/** Keys that may log in, as lines of `authorized_keys`. */
export interface AuthorizedKeys {
  /** The operator of the test. */
  readonly operator: string;
  /** The lab itself, always as root. */
  readonly lab: string;
}

const UPPER = 'upper';
const PLAIN = 'plain';

/** Where the parts of a host's disk are. */
export interface DiskLayout {
  readonly upper: string;
  readonly work: string;
  readonly root: string;
  readonly console: string;
  /** Plain directories by the path they are mounted over. */
  readonly plain: ReadonlyMap<string, string>;
}

/** The read-only layers of a host's file system, uppermost first: those of a saved disk, if it began with one, and the common root. */
export function lowerLayers(lab: LabRecord, host: HostRecord): readonly string[] {
  return host.disk === undefined ? [lab.rootFileSystem] : [join(host.disk, UPPER), lab.rootFileSystem];
}

/** The user of the test's key on a host. */
export function userOf(host: HostRecord): string {
  return host.login === 'root' ? 'root' : 'admin';
}

/** The layout of a host's disk. */
export function diskLayout(lab: string, host: string): DiskLayout {
  const directory = hostDiskDirectory(lab, host);
  return {
    upper: join(directory, UPPER),
    work: join(directory, 'work'),
    root: join(directory, 'root'),
    console: join(directory, 'console.log'),
    plain: new Map(PLAIN_DIRECTORIES.map((path) => [path, join(directory, PLAIN, basename(path))])),
  };
}

// A directory that appears in the upper layer hides the mode of the one below: modes are set on what differs from 0755.
const DIRECTORY_MODES: Readonly<Record<string, number>> = {
  '/root': 0o700,
  '/root/.ssh': 0o700,
  '/home/admin': 0o700,
  '/home/admin/.ssh': 0o700,
};

async function place(upper: string, path: string, text: string, mode = 0o644): Promise<void> {
  await mkdir(join(upper, dirname(path)), { recursive: true, mode: 0o755 });
  await writeFile(join(upper, path), text, { mode });
  await chmod(join(upper, path), mode);
}

/** Makes an ed25519 key pair: `file` and `file.pub`. @returns the public half as one line. */
export async function generateKey(file: string, comment: string): Promise<string> {
  await mkdir(dirname(file), { recursive: true });
  await rm(file, { force: true });
  await output(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', comment, '-f', file]);
  return (await readFile(`${file}.pub`, 'utf8')).trim();
}

/** Makes a host's disk: what an installer would have written on top of the common root. @returns its public ssh host key. */
export async function createDisk(lab: LabRecord, host: HostRecord, keys: AuthorizedKeys): Promise<string> {
  const layout = diskLayout(lab.name, host.name);
  for (const directory of [layout.upper, layout.work, layout.root, ...layout.plain.values()])
    await mkdir(directory, { recursive: true, mode: 0o755 });
  if (host.disk !== undefined) await fillPlain(host.disk, layout);
  const { upper } = layout;
  await place(upper, '/etc/machine-id', `${randomBytes(16).toString('hex')}\n`, 0o444);
  await place(upper, '/etc/hostname', `${host.name}\n`);
  await place(upper, '/etc/hosts', renderHosts(host.name));
  // Nobody listens there: a question is refused at once, as on a server whose resolver is down.
  await place(upper, '/etc/resolv.conf', `nameserver ${gatewayOf(lab.subnetNumber)}\n`);
  await placeLogins(upper, lab, host, keys);
  const hostKey = await generateKey(join(upper, '/etc/ssh/ssh_host_ed25519_key'), `root@${host.name}`);
  return hostKey.split(' ').slice(0, 2).join(' ');
}

// Images are most of what is there, and nobody writes into a layer or a blob: they are shared. A database is written in place.
async function fillPlain(disk: string, { plain }: DiskLayout): Promise<void> {
  for (const directory of plain.values()) {
    const saved = join(disk, PLAIN, basename(directory));
    await output(['cp', '--archive', '--link', `${saved}/.`, directory]);
    const databases = (await output(['find', saved, '-name', '*.db', '-printf', '%P\\n'])).split('\n').filter((path) => path !== '');
    for (const path of databases) await output(['cp', '--archive', '--remove-destination', join(saved, path), join(directory, path)]);
  }
}

/** Writes the disk of a host that is switched off to a directory of the same file system as the disks of labs. */
export async function saveDisk(lab: LabRecord, host: HostRecord, directory: string): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o755 });
  const disk = hostDiskDirectory(lab.name, host.name);
  await output(['cp', '--archive', '--link', join(disk, UPPER), join(disk, PLAIN), directory]);
}

function renderHosts(name: string): string {
  return `127.0.0.1\tlocalhost
127.0.1.1\t${name}

# The following lines are desirable for IPv6 capable hosts
::1     localhost ip6-localhost ip6-loopback
ff02::1 ip6-allnodes
ff02::2 ip6-allrouters
`;
}

async function placeLogins(upper: string, lab: LabRecord, host: HostRecord, keys: AuthorizedKeys): Promise<void> {
  const isRoot = host.login === 'root';
  await place(upper, '/root/.ssh/authorized_keys', isRoot ? `${keys.lab}\n${keys.operator}\n` : `${keys.lab}\n`, 0o600);
  if (!isRoot) {
    await place(upper, '/home/admin/.ssh/authorized_keys', `${keys.operator}\n`, 0o600);
    const rule = host.login === 'sudo' ? 'admin ALL=(ALL:ALL) NOPASSWD: ALL' : 'admin ALL=(ALL:ALL) ALL';
    await place(upper, '/etc/sudoers.d/admin', `${rule}\n`, 0o440);
    await chmod(join(upper, '/etc/sudoers.d'), 0o750);
    for (const path of ['/home/admin', '/home/admin/.ssh', '/home/admin/.ssh/authorized_keys']) await chown(join(upper, path), 1000, 1000);
  }
  if (host.login === 'sudo-password') await placePassword(upper, lab);
  for (const [path, mode] of Object.entries(DIRECTORY_MODES)) await chmod(join(upper, path), mode).catch(() => undefined);
}

async function placePassword(upper: string, lab: LabRecord): Promise<void> {
  const hash = (await output(['openssl', 'passwd', '-6', '-stdin'], { input: `${lab.sudoPassword}\n` })).trim();
  const shadow = await readFile(join(lab.rootFileSystem, '/etc/shadow'), 'utf8');
  await place(
    upper,
    '/etc/shadow',
    shadow.replace(/^admin:[^:]*:/m, () => `admin:${hash}:`),
    0o640,
  );
  await chown(join(upper, '/etc/shadow'), 0, 42);
}
