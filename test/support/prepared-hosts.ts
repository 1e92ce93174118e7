import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { ensureArtifacts } from '../lab/artifacts.js';
import { ensureCacheEntry } from '../lab/components/cache-entry.js';
import { sha256OfFile } from '../lab/components/digest.js';
import type { LabHostSpec } from '../lab/lab.js';
import { ensureRootFileSystem } from '../lab/rootfs.js';
import { createLabCluster } from './lab-cluster.js';

const ROOT = resolve(import.meta.dirname, '..', '..');
/** What a kbs on a disk depends on: the program and what it renders. */
const PROGRAM = ['dist', 'templates', 'manifests'];

/** Everything kbs does to a host before it is a part of a cluster. */
export const PREPARING_PHASES: readonly string[] = [
  'preflight',
  'artifacts',
  'baseline',
  'prepare-host',
  'binaries',
  'container-runtime',
  'control-plane-images',
  'images',
  'proof-images',
];

/** One host of each role. */
const HOSTS = { controlPlane: 'cp1', worker: 'w1' };

/** Disks are large, and every change of kbs makes others. */
const KEEP_DAYS = 0.25;

/**
 * Hosts for tests that are not about bare ones: kbs itself has put programs, runtime and images on their disks, once for all of them.
 * A host whose name begins with cp has what a control plane needs.
 */
export async function preparedHosts(names: readonly string[]): Promise<readonly LabHostSpec[]> {
  const [{ directory: bundle }, rootFileSystem, program] = await Promise.all([
    ensureArtifacts(),
    ensureRootFileSystem(),
    digests(PROGRAM.map((folder) => join(ROOT, folder))),
  ]);
  const disks = await ensureCacheEntry({
    name: 'prepared-hosts',
    inputs: [bundle, rootFileSystem, ...PREPARING_PHASES, ...program],
    build: prepare,
    keepDays: KEEP_DAYS,
  });
  return names.map((name) => ({ name, disk: join(disks, name.startsWith('cp') ? HOSTS.controlPlane : HOSTS.worker) }));
}

async function prepare(directory: string): Promise<void> {
  const names = Object.values(HOSTS);
  const cluster = await createLabCluster({ name: `prepare-${process.pid}`, hosts: names.map((name) => ({ name })) });
  try {
    const { exitCode, stderr } = await cluster.kbs(['phase', 'run', ...PREPARING_PHASES, '-f', cluster.file]);
    if (exitCode !== 0) throw new Error(`kbs did not prepare the hosts: ${stderr}`);
    await Promise.all(names.map((name) => cluster.lab.saveDisk(name, join(directory, name))));
  } finally {
    await cluster.down();
  }
}

async function digests(folders: readonly string[]): Promise<readonly string[]> {
  const lists = await Promise.all(folders.map(async (folder) => readdir(folder, { recursive: true, withFileTypes: true })));
  const files = lists.flat().filter((entry) => entry.isFile());
  const paths = files.map(({ parentPath, name }) => join(parentPath, name)).sort();
  return Promise.all(paths.map(async (path) => `${path.slice(ROOT.length)} ${await sha256OfFile(path)}`));
}
