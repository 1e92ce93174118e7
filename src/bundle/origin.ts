import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ClusterSpec } from '../config/index.js';
import { KbsError, messageOf } from '../errors/index.js';
import { loadBuiltInCatalogue, parseCatalogue, type Catalogue } from '../versions/index.js';
import { fetchText, type Repetition } from './http.js';
import { mirrorPath } from './locate.js';

const CHECKSUM_FILE = 'checksums.json';

/** Where one file is. */
export type Location = { readonly kind: 'remote'; readonly url: string } | { readonly kind: 'local'; readonly path: string };

/** What can be had and where each file of it is. */
export interface Origin {
  /** For messages. */
  readonly name: string;
  readonly catalogue: Catalogue;
  /** Place of the artifact with this official URL. */
  artifact(officialUrl: string): Location;
  /** Place of the image archive with this relative path. */
  archive(path: string): Location;
}

function parseJson(text: string, source: string): Catalogue {
  try {
    return parseCatalogue(JSON.parse(text), source);
  } catch (cause) {
    if (cause instanceof KbsError) throw cause;
    throw new KbsError('ARTIFACT_MISSING', `the checksum file ${source} is no JSON`, { details: [String(cause)], cause });
  }
}

async function readCatalogue(path: string): Promise<Catalogue> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw new KbsError('ARTIFACT_MISSING', `cannot read the checksum file ${path}`, {
      details: [messageOf(cause)],
      remedy: [`ls -l ${path}   # spec.artifacts of the cluster file leads there`],
      cause,
    });
  }
  return parseJson(text, path);
}

async function mirrorCatalogue(checksums: string | undefined, repetition: Repetition): Promise<Catalogue> {
  if (checksums === undefined) return loadBuiltInCatalogue();
  if (!/^https?:\/\//.test(checksums)) return readCatalogue(checksums);
  return parseJson(await fetchText(checksums, repetition), checksums);
}

/**
 * Opens what `spec.artifacts` of the cluster file names.
 * @throws KbsError ARTIFACT_MISSING, ARTIFACT_DOWNLOAD when its checksum file cannot be had
 */
export async function openOrigin(artifacts: ClusterSpec['artifacts'], repetition: Repetition): Promise<Origin> {
  switch (artifacts.source) {
    case 'upstream':
      return {
        name: 'the official release URLs',
        catalogue: loadBuiltInCatalogue(),
        artifact: (url) => ({ kind: 'remote', url }),
        archive: (path) => {
          throw new KbsError('ARTIFACT_MISSING', `there is no official URL of the image archive ${path}`);
        },
      };
    case 'mirror': {
      const base = artifacts.url.replace(/\/+$/, '');
      return {
        name: `the mirror ${base}`,
        catalogue: await mirrorCatalogue(artifacts.checksums, repetition),
        artifact: (url) => ({ kind: 'remote', url: `${base}/${mirrorPath(url)}` }),
        archive: (path) => ({ kind: 'remote', url: `${base}/${path}` }),
      };
    }
    case 'bundle':
      return {
        name: `the bundle ${artifacts.path}`,
        catalogue: await readCatalogue(join(artifacts.path, CHECKSUM_FILE)),
        artifact: (url) => ({ kind: 'local', path: join(artifacts.path, mirrorPath(url)) }),
        archive: (path) => ({ kind: 'local', path: join(artifacts.path, path) }),
      };
  }
}
