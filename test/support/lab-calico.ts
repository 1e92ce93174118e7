import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CALICO_REPOSITORY } from '../../src/versions/images.js';
import { DEFAULT_VERSIONS } from '../../src/versions/releases.js';
import { imagePath, type CatalogueImage } from '../lab/artifacts-catalogue.js';
import { output } from '../lab/command.js';
import { labArchitecture } from '../lab/components/architecture.js';
import { sha256OfFile } from '../lab/components/digest.js';
import { bundleWith } from './bundle-copy.js';

/** Folder with archives of Calico's images; undefined: there is none, and nothing can be proven. */
export const CALICO_DIRECTORY = process.env['KBS_TEST_CALICO_DIR'];

/** Images a small cluster needs: `node.tar` is what `docker save docker.io/calico/node:<version>` writes, and so on. */
const IMAGES = ['node', 'cni', 'kube-controllers'] as const;

/** The version the images have to be of. */
export const CALICO_VERSION = DEFAULT_VERSIONS.calico;

async function tagsIn(archive: string): Promise<readonly string[]> {
  const manifest = JSON.parse(await output(['tar', '-xOf', archive, 'manifest.json'])) as readonly {
    readonly RepoTags?: readonly string[];
  }[];
  return manifest.flatMap(({ RepoTags = [] }) => RepoTags);
}

async function addImage(directory: string, bundle: string, name: string): Promise<readonly [string, CatalogueImage]> {
  const image = `${CALICO_REPOSITORY}/${name}:${CALICO_VERSION}`;
  const archive = join(directory, `${name}.tar`);
  const tags = await tagsIn(archive);
  // Docker leaves out the registry where it is its own.
  if (!tags.some((tag) => image.endsWith(tag))) throw new Error(`${archive} holds ${tags.join(', ')}, and not ${image}`);
  const architecture = labArchitecture().name;
  const url = `images/{arch}/calico-${name}-${CALICO_VERSION}.tar`;
  const target = join(bundle, imagePath(url, architecture));
  await rm(target, { force: true });
  await output(['cp', '--reflink=auto', archive, target]);
  return [image, { url, sha256: { [architecture]: await sha256OfFile(target) } }];
}

/**
 * A copy of a bundle with Calico's images; big files are shared with the original.
 * @param directory that of `KBS_TEST_CALICO_DIR`
 */
export function bundleWithCalico(directory: string, from: string, to: string): Promise<string> {
  return bundleWith(from, to, async (copy) => ({
    images: Object.fromEntries(await Promise.all(IMAGES.map((name) => addImage(directory, copy, name)))),
  }));
}
