import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';
import { output } from './command.js';
import { LabError } from './lab-error.js';
import { withLock } from './lock.js';
import { report } from './report.js';

/** Programs the lab calls and the Debian packages that bring them. */
const TOOLS: readonly (readonly [program: string, debianPackage: string])[] = [
  ['systemd-nspawn', 'systemd-container'],
  ['debootstrap', 'debootstrap'],
  ['ip', 'iproute2'],
  ['ssh', 'openssh-client'],
  ['ssh-keygen', 'openssh-client'],
  ['openssl', 'openssl'],
  ['nsenter', 'util-linux'],
  ['unshare', 'util-linux'],
  ['flock', 'util-linux'],
  ['mount', 'mount'],
];

const SEARCH_PATH = [...new Set([...(process.env['PATH'] ?? '').split(':'), '/usr/local/sbin', '/usr/sbin', '/sbin'])].filter(
  (entry) => entry !== '',
);

async function isInstalled(program: string): Promise<boolean> {
  const found = await Promise.all(
    SEARCH_PATH.map((directory) =>
      access(join(directory, program), constants.X_OK).then(
        () => true,
        () => false,
      ),
    ),
  );
  return found.includes(true);
}

async function missingPackages(): Promise<string[]> {
  const missing = await Promise.all(
    TOOLS.map(async ([program, debianPackage]) => ((await isInstalled(program)) ? undefined : debianPackage)),
  );
  return [...new Set(missing.filter((name) => name !== undefined))];
}

/** Installs what the lab needs from Debian packages; does nothing when it is there. @throws LabError without Linux, root or apt. */
export async function ensureLabTools(): Promise<void> {
  if (process.platform !== 'linux') throw new LabError('the lab needs Linux', 'use hosts of your own, or a Debian 12 machine');
  if (process.getuid?.() !== 0)
    throw new LabError('the lab needs root: it makes namespaces, mounts and control groups', 'run the same command with sudo');
  process.env['PATH'] = SEARCH_PATH.join(':');
  if ((await missingPackages()).length === 0) return;
  if (!(await isInstalled('apt-get'))) {
    throw new LabError(`not installed: ${(await missingPackages()).join(' ')}`, 'install these with the package manager of this machine');
  }
  await withLock('/run/kbs-lab-tools.lock', installMissing, { removeFile: true });
}

async function installMissing(): Promise<void> {
  const packages = await missingPackages();
  if (packages.length === 0) return;
  report(`installing ${packages.join(' ')}`);
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  const apt = ['apt-get', '-q', '-o', 'DPkg::Lock::Timeout=300'];
  await output([...apt, 'update'], { env });
  await output([...apt, 'install', '-y', '--no-install-recommends', ...packages], { env });
}
