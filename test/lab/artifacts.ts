import { constants } from 'node:fs';
import { cp, link, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pLimit from 'p-limit';
import {
  type ArtifactFile,
  artifactFileInputs,
  type ArtifactName,
  ARTIFACT_URLS,
  kubernetesArtifacts,
  runtimeArtifacts,
} from './artifacts-files.js';
import {
  artifactPath,
  CATALOGUE_FILE,
  type Catalogue,
  type CatalogueArtifact,
  type CatalogueImage,
  imagePath,
} from './artifacts-catalogue.js';
import { labArchitecture } from './components/architecture.js';
import { ensureCacheEntry } from './components/cache-entry.js';
import { sha256OfFile } from './components/digest.js';
import { ensureGoSet, ensureKubernetes } from './components/go-build.js';
import { COREDNS, CRI_DOCKERD, DEFAULT_KUBERNETES, ETCD, FLANNEL, FLANNEL_CNI, PAUSE } from './components/go-sets.js';
import { writeImageArchive } from './images-archive.js';
import { type ImageArchive, imageArchives } from './images.js';
import { LabError } from './lab-error.js';
import { report } from './report.js';

/** What a bundle is to hold. */
export interface ArtifactsOptions {
  /** Kubernetes versions; the default is v1.25.0 alone. */
  readonly kubernetes?: readonly string[];
}

/** A bundle directory: `checksums.json` and the files it names. */
export interface Artifacts {
  /** Absolute, in the cache: read it, do not change it. */
  readonly directory: string;
}

// Two Go builds at once: while one links on a single core the other compiles.
const AT_ONCE = 2;

/** Returns a bundle directory with everything a cluster is made of; the first call builds it, which takes minutes. */
export async function ensureArtifacts(options: ArtifactsOptions = {}): Promise<Artifacts> {
  const versions = [...new Set((options.kubernetes ?? [DEFAULT_KUBERNETES]).map(normalizeVersion))].sort();
  const recipe = await recipeInputs();
  const directory = await ensureCacheEntry({
    name: 'bundle',
    inputs: [...recipe, ...versions, ...(await componentInputs(versions))],
    build: (unfinished) => assemble(unfinished, versions, recipe),
  });
  return { directory };
}

/** Writes a copy of a bundle that is the caller's own. */
export async function copyBundle(from: string, to: string): Promise<void> {
  // A copy that shares blocks where the file system can; a hard link would let the caller change the cache.
  await cp(from, to, { recursive: true, mode: constants.COPYFILE_FICLONE, preserveTimestamps: true });
}

function normalizeVersion(version: string): string {
  const numbers = /^v?(\d+\.\d+\.\d+)$/.exec(version)?.[1];
  if (numbers === undefined) throw new LabError(`not a Kubernetes version: ${version}`, `write it like ${DEFAULT_KUBERNETES}`);
  return `v${numbers}`;
}

/** The text of the files that decide what artifacts and images look like; what they are made from has keys of its own. */
async function recipeInputs(): Promise<string[]> {
  const here = fileURLToPath(new URL('.', import.meta.url));
  const files = (await readdir(here)).filter((name) => /^(artifacts|images).*(?<!-command)\.ts$/.test(name));
  return Promise.all(files.sort().map((name) => readFile(join(here, name), 'utf8')));
}

async function componentInputs(versions: readonly string[]): Promise<string[]> {
  const archives = await Promise.all(imageArchives(versions).map((archive) => archive.inputs()));
  return [labArchitecture().name, ...archives.flat(), ...(await artifactFileInputs())];
}

async function assemble(directory: string, versions: readonly string[], recipe: readonly string[]): Promise<void> {
  report(`preparing the components of Kubernetes ${versions.join(', ')}; the first time this takes some minutes`);
  await compileAll(versions);
  const limit = pLimit(AT_ONCE);
  const [images, runtime, kubernetes] = await Promise.all([
    Promise.all(imageArchives(versions).map((archive) => limit(() => placeImages(directory, archive, recipe)))),
    Promise.all(runtimeArtifacts(recipe).map((make) => limit(make))),
    Promise.all(versions.map(kubernetesArtifacts)),
  ]);
  const artifacts = await placeArtifacts(directory, [...runtime, ...kubernetes.flat()]);
  const catalogue: Catalogue = { artifacts, images: sorted(images.flat()) };
  await writeFile(join(directory, CATALOGUE_FILE), `${JSON.stringify(catalogue, null, 2)}\n`);
}

// Kubernetes comes first: it takes longest, and the rest fits beside it. One version after the other: they share compiled packages.
async function compileAll(versions: readonly string[]): Promise<void> {
  const limit = pLimit(AT_ONCE);
  const kubernetes = limit(async () => {
    for (const version of new Set([DEFAULT_KUBERNETES, ...versions])) await ensureKubernetes(version);
  });
  await Promise.all([kubernetes, ...[CRI_DOCKERD, FLANNEL, COREDNS, ETCD, FLANNEL_CNI, PAUSE].map((set) => limit(() => ensureGoSet(set)))]);
}

async function placeImages(directory: string, archive: ImageArchive, recipe: readonly string[]): Promise<[string, CatalogueImage][]> {
  const architecture = labArchitecture().name;
  const entry = await ensureCacheEntry({
    name: `images-${basename(archive.path, '.tar')}`,
    inputs: [...recipe, architecture, ...(await archive.inputs())],
    build: async (unfinished) => {
      const images = await archive.images();
      await writeImageArchive(join(unfinished, 'images.tar'), images, architecture);
      await writeFile(join(unfinished, 'names.json'), JSON.stringify(images.map(({ name }) => name)));
    },
  });
  const names = JSON.parse(await readFile(join(entry, 'names.json'), 'utf8')) as string[];
  const target = join(directory, imagePath(archive.path, architecture));
  await place(join(entry, 'images.tar'), target);
  const sha256 = { [architecture]: await sha256OfFile(target) };
  return names.map((name) => [name, { url: archive.path, sha256 }]);
}

async function placeArtifacts(directory: string, files: readonly ArtifactFile[]): Promise<Catalogue['artifacts']> {
  const architecture = labArchitecture().name;
  const found = new Map<ArtifactName, CatalogueArtifact>();
  for (const { name, version, file } of files) {
    const url = ARTIFACT_URLS[name];
    const target = join(directory, artifactPath(url, version, architecture));
    await place(file, target);
    const digest = { [version]: { [architecture]: await sha256OfFile(target) } };
    found.set(name, { url, sha256: { ...found.get(name)?.sha256, ...digest } });
  }
  return sorted([...found]);
}

// The cache is one file system, so a hard link costs nothing and lasts when the part it came from goes.
async function place(file: string, target: string): Promise<void> {
  await mkdir(dirname(target), { recursive: true });
  await link(file, target);
}

function sorted<T>(entries: readonly (readonly [string, T])[]): Record<string, T> {
  return Object.fromEntries(entries.toSorted(([one], [other]) => (one < other ? -1 : 1)));
}
