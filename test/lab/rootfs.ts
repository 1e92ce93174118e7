import { access, mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { capture, output } from './command.js';
import { LabError } from './lab-error.js';
import { withLock } from './lock.js';
import { cacheDirectory } from './paths.js';
import { report } from './report.js';
import { CONFIGURE, PACKAGES, SUITE, recipeDigest } from './rootfs-recipe.js';

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** The archive of Debian the machine itself uses, when that has the hosts' release. */
export async function debianArchive(): Promise<string> {
  const chosen = process.env['KBS_LAB_DEBIAN_ARCHIVE'];
  if (chosen !== undefined && chosen !== '') return chosen;
  const targets = await capture(['apt-get', 'indextargets', '--format', '$(CODENAME) $(COMPONENT) $(REPO_URI)']);
  const own = targets.stdout.split('\n').find((line) => line.startsWith(`${SUITE} main http`));
  return own?.split(' ')[2] ?? 'http://deb.debian.org/debian/';
}

/**
 * The hosts' root file system, built with debootstrap on first use and then taken from the cache. Several processes may ask at once.
 * @returns the directory; it is shared by all hosts and must not be written to.
 * @throws LabError with the end of the build log.
 */
export async function ensureRootFileSystem(): Promise<string> {
  const architecture = (await output(['dpkg', '--print-architecture'])).trim();
  const name = `root-${recipeDigest(architecture)}`;
  const root = join(cacheDirectory(), name);
  if (await exists(root)) return root;
  await mkdir(cacheDirectory(), { recursive: true });
  await withLock(join(cacheDirectory(), 'root.lock'), async () => {
    if (await exists(root)) return;
    for (const entry of await readdir(cacheDirectory())) {
      if (entry.startsWith('root-') && entry.endsWith('.partial'))
        await rm(join(cacheDirectory(), entry), { recursive: true, force: true });
    }
    await build(root, join(cacheDirectory(), `${name}.log`));
  });
  return root;
}

async function build(root: string, log: string): Promise<void> {
  const started = Date.now();
  const partial = `${root}.partial`;
  report('building the root file system of the hosts from Debian packages: once, about 90 seconds');
  await mkdir(partial, { recursive: true, mode: 0o755 });
  // Own mount and process namespaces: whatever debootstrap mounts or starts is gone with it, also after a crash.
  const script = `set -eu
mount -t proc proc /proc
debootstrap --variant=minbase --include=${PACKAGES.join(',')} ${SUITE} "$1" "$2"
printf %s "$3" | chroot "$1" /bin/sh
`;
  const result = await capture(
    [
      'unshare',
      '--mount',
      '--propagation',
      'private',
      '--pid',
      '--fork',
      '--kill-child',
      'sh',
      '-c',
      script,
      'build',
      partial,
      await debianArchive(),
      CONFIGURE,
    ],
    { env: { DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C', PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' } },
  );
  await writeFile(log, result.stdout + result.stderr);
  if (result.exitCode !== 0) {
    const tail = (await readFile(log, 'utf8')).trim().split('\n').slice(-8).join('\n');
    throw new LabError(
      `the root file system could not be built (log: ${log})\n${tail}`,
      'set KBS_LAB_DEBIAN_ARCHIVE to an archive this machine can reach',
    );
  }
  await rename(partial, root);
  report(`root file system ready after ${Math.round((Date.now() - started) / 1000)} s`);
}
