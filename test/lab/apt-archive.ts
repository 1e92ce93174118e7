import { createHash } from 'node:crypto';
import { access, mkdir, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { capture, output } from './command.js';
import { LabError } from './lab-error.js';
import { withLock } from './lock.js';
import { cacheDirectory } from './paths.js';
import { report } from './report.js';
import { SUITE } from './rootfs-recipe.js';
import { debianArchive, ensureRootFileSystem } from './rootfs.js';

// apt of the hosts decides what they lack, in a throw-away copy of their root: the machine may run another release.
// $1 lower, $2 scratch directory, $3 where the packages go, $4 archive of Debian; then the packages.
const DOWNLOAD = `set -eu
root=$1 scratch=$2 target=$3 archive=$4; shift 4
mkdir -p "$scratch/upper" "$scratch/work" "$scratch/root"
mount -t overlay overlay -o "lowerdir=$root,upperdir=$scratch/upper,workdir=$scratch/work" "$scratch/root"
mount -t proc proc "$scratch/root/proc"
cat /etc/resolv.conf > "$scratch/root/etc/resolv.conf"
cat /etc/hosts > "$scratch/root/etc/hosts"
printf 'deb %s ${SUITE} main\\ndeb %s ${SUITE}-updates main\\n' "$archive" "$archive" > "$scratch/root/etc/apt/sources.list"
chroot "$scratch/root" apt-get -q update
chroot "$scratch/root" apt-get -q install -y --download-only --no-install-recommends "$@"
cp "$scratch"/root/var/cache/apt/archives/*.deb "$target"
`;

async function paragraphOf(file: string): Promise<string> {
  const control = (await output(['dpkg-deb', '--field', file])).trim();
  const digest = createHash('sha256')
    .update(await readFile(file))
    .digest('hex');
  return `${control}\nFilename: ./${basename(file)}\nSize: ${(await stat(file)).size}\nSHA256: ${digest}\n`;
}

/** Writes the index `Packages` over all .deb files of a directory, so that apt takes it as a flat archive. */
export async function indexPackages(directory: string): Promise<void> {
  const files = (await readdir(directory)).filter((file) => file.endsWith('.deb')).sort();
  const paragraphs = await Promise.all(files.map((file) => paragraphOf(join(directory, file))));
  await writeFile(join(directory, 'Packages'), paragraphs.join('\n'));
}

/**
 * A directory with Debian packages, all they depend on that a bare host lacks, and an index. Downloaded once, then taken from the
 * cache. A package may be asked for as `name=version`.
 * @throws LabError with the end of apt's output.
 */
export async function ensureAptArchive(packages: readonly string[]): Promise<string> {
  const root = await ensureRootFileSystem();
  const digest = createHash('sha256')
    .update(JSON.stringify([basename(root), DOWNLOAD, [...packages].sort()]))
    .digest('hex')
    .slice(0, 16);
  const target = join(cacheDirectory(), `apt-${digest}`);
  const present = (): Promise<boolean> =>
    access(target).then(
      () => true,
      () => false,
    );
  if (await present()) return target;
  await withLock(join(cacheDirectory(), 'apt.lock'), async () => {
    if (!(await present())) await download(root, target, packages);
  });
  return target;
}

async function download(root: string, target: string, packages: readonly string[]): Promise<void> {
  report(`downloading the Debian packages ${packages.join(' ')} for the hosts`);
  const partial = `${target}.partial`;
  const scratch = `${target}.scratch`;
  for (const directory of [partial, scratch]) {
    await rm(directory, { recursive: true, force: true });
    await mkdir(directory, { recursive: true, mode: 0o755 });
  }
  const isolated = ['unshare', '--mount', '--propagation', 'private', '--pid', '--fork', '--kill-child'];
  const result = await capture(
    [...isolated, 'sh', '-c', DOWNLOAD, 'download', root, scratch, partial, await debianArchive(), ...packages],
    {
      env: { DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' },
    },
  );
  await rm(scratch, { recursive: true, force: true });
  if (result.exitCode !== 0) {
    throw new LabError(`cannot download ${packages.join(' ')}\n${result.stderr.trim().split('\n').slice(-5).join('\n')}`);
  }
  await indexPackages(partial);
  await rename(partial, target);
}
