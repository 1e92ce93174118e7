import { KbsError } from '../errors/index.js';
import type { Catalogue } from '../versions/index.js';
import type { ArtifactRequest } from './types.js';

/** A file of a catalogue: its digest, and where it lies in whatever is laid out as a bundle or a mirror is. */
export interface LocatedArtifact {
  /** For messages: "kubelet 1.25.0 amd64". */
  readonly name: string;
  /** Lower-case hex. */
  readonly sha256: string;
  /** Below the bundle folder or the mirror's base URL. */
  readonly path: string;
  /** Absent for image archives: nobody publishes them. */
  readonly officialUrl?: string;
}

function fill(template: string, values: Readonly<Record<string, string>>): string {
  return template.replace(/\{(\w+)\}/g, (whole, key: string) => values[key] ?? whole);
}

/** Path of an official URL in a bundle or a mirror. */
export function mirrorPath(officialUrl: string): string {
  return officialUrl.replace(/^https?:\/\//, '');
}

function notInCatalogue(what: string, catalogue: Catalogue, has: readonly string[]): KbsError {
  return new KbsError('ARTIFACT_MISSING', `${what} is not in ${catalogue.source}`, {
    details: [has.length === 0 ? 'it has nothing of the kind' : `it has: ${has.join(', ')}`],
    remedy: ['use a bundle or mirror that has it (spec.artifacts in the cluster file)'],
  });
}

/** What the kernel calls an architecture. */
const MACHINES: Readonly<Record<string, string>> = { amd64: 'x86_64', arm64: 'aarch64' };

/** Looks a file up. @throws KbsError ARTIFACT_MISSING with what the catalogue has instead */
export function locateFile(
  catalogue: Catalogue,
  request: Extract<ArtifactRequest, { kind: 'file' }>,
): LocatedArtifact & { officialUrl: string } {
  const { name, architecture } = request;
  const artifact = catalogue.artifacts[name];
  const version = request.version.replace(/^v/, '');
  const digests = artifact?.sha256[version];
  if (artifact === undefined || digests === undefined) {
    throw notInCatalogue(`${name} ${version}`, catalogue, Object.keys(artifact?.sha256 ?? {}));
  }
  const sha256 = digests[architecture];
  const label = `${name} ${version} ${architecture}`;
  if (sha256 === undefined) throw notInCatalogue(label, catalogue, Object.keys(digests));
  const officialUrl = fill(artifact.url, { version, arch: architecture, machine: MACHINES[architecture] ?? architecture });
  return { name: label, sha256, path: mirrorPath(officialUrl), officialUrl };
}

/**
 * Looks the archive of an image up; undefined when the catalogue has no images at all and hosts pull from registries.
 * @throws KbsError ARTIFACT_MISSING with what the catalogue has instead
 */
export function locateImage(
  catalogue: Catalogue,
  { reference, architecture }: Extract<ArtifactRequest, { kind: 'images' }>,
): LocatedArtifact | undefined {
  const listed = Object.keys(catalogue.images);
  if (listed.length === 0) return undefined;
  const image = catalogue.images[reference];
  if (image === undefined) throw notInCatalogue(`image ${reference}`, catalogue, listed);
  const sha256 = image.sha256[architecture];
  if (sha256 === undefined) throw notInCatalogue(`image ${reference} for ${architecture}`, catalogue, Object.keys(image.sha256));
  const path = fill(image.url, { arch: architecture });
  return { name: path.slice(path.lastIndexOf('/') + 1), sha256, path };
}
