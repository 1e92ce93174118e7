import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { capture, output } from '../command.js';
import { LabError } from '../lab-error.js';
import { withLock } from '../lock.js';
import { cacheDirectory } from '../paths.js';
import { labArchitecture } from './architecture.js';
import { ensureCacheEntry } from './cache-entry.js';

/** Debian packages unpacked into one tree, none of them installed. */
export interface UnpackedPackages {
  readonly directory: string;
  /** Package name → Debian version, e.g. `1.6.20~ds1-1+deb12u3`. */
  readonly versions: Readonly<Record<string, string>>;
}

const APT_GET = ['apt-get', '-q', '-o', 'APT::Sandbox::User=root'];

/** What the content of {@link ensurePackages} depends on: once unpacked, packages stay as they are until the cache is cleared. */
export async function packageInputs(packages: readonly string[]): Promise<string[]> {
  return [await releaseName(), labArchitecture().name, ...packages];
}

/** Downloads packages from this machine's apt sources and unpacks them. @throws LabError when apt has none of that name. */
export async function ensurePackages(name: string, packages: readonly string[]): Promise<UnpackedPackages> {
  const entry = await ensureCacheEntry({
    name: `debian-${name}`,
    inputs: await packageInputs(packages),
    build: (directory) => unpack(directory, packages),
  });
  const versions = JSON.parse(await readFile(join(entry, 'versions.json'), 'utf8')) as Record<string, string>;
  return { directory: join(entry, 'root'), versions };
}

async function unpack(directory: string, packages: readonly string[]): Promise<void> {
  const downloads = join(directory, 'downloads');
  const root = join(directory, 'root');
  await Promise.all([mkdir(downloads), mkdir(root)]);
  await download(downloads, packages);
  const versions: Record<string, string> = {};
  for (const file of (await readdir(downloads)).sort()) {
    const archive = join(downloads, file);
    const [name = '', version = ''] = (await output(['dpkg-deb', '--show', '--showformat=${Package}\t${Version}', archive])).split('\t');
    versions[name] = version;
    await output(['dpkg', '-x', archive, root]);
  }
  await writeFile(join(directory, 'versions.json'), JSON.stringify(versions));
  await rm(downloads, { recursive: true });
}

async function download(directory: string, packages: readonly string[]): Promise<void> {
  const command = [...APT_GET, 'download', ...packages];
  // Lists are absent on a fresh machine and may name files that have been replaced since.
  if ((await capture(command, { cwd: directory })).exitCode === 0) return;
  await withLock(join(cacheDirectory(), 'apt-update.lock'), () => output([...APT_GET, 'update']));
  await output(command, { cwd: directory });
}

async function releaseName(): Promise<string> {
  const release = await readFile('/etc/os-release', 'utf8');
  const name = /^VERSION_CODENAME=(\w+)$/m.exec(release)?.[1];
  if (name === undefined)
    throw new LabError('this is not a Debian machine', 'the lab takes containerd and other parts from Debian packages: use Debian 12');
  return name;
}

/** The upstream version inside a Debian one: `1.6.20~ds1-1+deb12u3` → `1.6.20`. */
export function upstreamVersion(debianVersion: string): string {
  const version = /^(?:\d+:)?(\d+\.\d+\.\d+)/.exec(debianVersion)?.[1];
  if (version === undefined) throw new LabError(`no version number in ${debianVersion}`);
  return version;
}
