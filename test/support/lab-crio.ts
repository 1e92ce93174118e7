import { access, mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { artifactPath } from '../lab/artifacts-catalogue.js';
import { output } from '../lab/command.js';
import { labArchitecture } from '../lab/components/architecture.js';
import { sha256OfFile } from '../lab/components/digest.js';
import { writeTar } from '../lab/images-layer.js';
import type { Lab } from '../lab/lab.js';
import { bundleWith } from './bundle-copy.js';
import { mildRunc } from './lab-runc.js';

/** Folder with the programs of CRI-O 1.25; undefined: there is none, and nothing can be proven. */
export const CRIO_DIRECTORY = process.env['KBS_TEST_CRIO_DIR'];

/** For titles of tests: why they are skipped; nothing when they are not. */
export const WHY_NO_CRIO =
  CRIO_DIRECTORY === undefined ? ' (skipped: needs the programs of CRI-O 1.25, KBS_TEST_CRIO_DIR names their folder)' : '';

/** @throws Error when no folder is named */
export function crioDirectory(): string {
  if (CRIO_DIRECTORY === undefined) throw new Error('KBS_TEST_CRIO_DIR names no folder with the programs of CRI-O');
  return CRIO_DIRECTORY;
}

/** What has to be in it, for the architecture of this machine and without libraries that Debian's smallest system lacks. */
export const CRIO_PROGRAMS = ['crio', 'crio-status', 'conmon', 'pinns', 'runc'] as const;

const ARCHIVE_URL = 'https://storage.googleapis.com/cri-o/artifacts/cri-o.{arch}.v{version}.tar.gz';
/** Where the real runc is on hosts, behind the one of the archive. */
const REAL_RUNC = '/opt/lab/runc';

/**
 * A copy of a bundle with CRI-O in the layout of its official archive; big files are shared with the original.
 * @param directory that of `KBS_TEST_CRIO_DIR`
 */
export async function bundleWithCrio(directory: string, from: string, to: string): Promise<string> {
  await Promise.all(CRIO_PROGRAMS.map((name) => access(join(directory, name))));
  const version = /crio version (\d+\.\d+\.\d+)/.exec(await output([join(directory, 'crio'), '--version']))?.[1];
  if (version === undefined) throw new Error(`${directory}/crio does not tell its version`);
  return bundleWith(from, to, async (copy) => {
    const architecture = labArchitecture().name;
    const archive = join(copy, artifactPath(ARCHIVE_URL, version, architecture));
    await mkdir(dirname(archive), { recursive: true });
    await writeArchive(directory, archive);
    return { artifacts: { 'cri-o': { url: ARCHIVE_URL, sha256: { [version]: { [architecture]: await sha256OfFile(archive) } } } } };
  });
}

async function writeArchive(directory: string, archive: string): Promise<void> {
  await writeTar(
    archive,
    [
      { path: 'cri-o', type: 'directory' },
      { path: 'cri-o/bin', type: 'directory' },
      ...CRIO_PROGRAMS.filter((name) => name !== 'runc').map((name) => ({
        path: `cri-o/bin/${name}`,
        type: 'file' as const,
        source: join(directory, name),
      })),
      { path: 'cri-o/bin/runc', type: 'text', text: mildRunc(REAL_RUNC), mode: 0o755 },
    ],
    { gzip: true, asGiven: true },
  );
}

/**
 * What hosts of a lab need for CRI-O and a machine of the field does not: the real runc behind the mild one, and no word of hugetlb,
 * which the kernel lists and has not mounted.
 */
export async function prepareForCrio(directory: string, lab: Lab): Promise<void> {
  const runc = await readFile(join(directory, 'runc'));
  const script = `mkdir -p ${dirname(REAL_RUNC)} && base64 -d >${REAL_RUNC} && chmod 755 ${REAL_RUNC} &&
sed '/^hugetlb/d' /proc/cgroups >/run/lab-cgroups && mount --bind /run/lab-cgroups /proc/cgroups`;
  await Promise.all(
    lab.hosts.map(async (host) => {
      const result = await lab.exec(host, ['sh', '-c', script], { input: runc.toString('base64') });
      if (result.exitCode !== 0) throw new Error(`${host.name}: ${result.stderr}`);
    }),
  );
}
