import type { ArtifactName } from './artifacts-files.js';

/** Architecture → sha256 in hexadecimal. */
export type DigestByArchitecture = Readonly<Record<string, string>>;

/** The file `checksums.json` of a bundle: what is in it, where, and with which digest. */
export interface Catalogue {
  readonly artifacts: Readonly<Partial<Record<ArtifactName, CatalogueArtifact>>>;
  readonly images: Readonly<Record<string, CatalogueImage>>;
}

/** An artifact in all its versions. */
export interface CatalogueArtifact {
  /** The official URL with `{version}` and `{arch}`. Below a bundle or a mirror the path is the URL without its scheme. */
  readonly url: string;
  /** Version without a leading `v` → digests. */
  readonly sha256: Readonly<Record<string, DigestByArchitecture>>;
}

/** The archive that holds an image; several images may share one. */
export interface CatalogueImage {
  /** Relative to the bundle or mirror, with `{arch}`. */
  readonly url: string;
  readonly sha256: DigestByArchitecture;
}

/** The name of the catalogue in a bundle. */
export const CATALOGUE_FILE = 'checksums.json';

/** Where the file of an artifact is below a bundle or a mirror. */
export function artifactPath(url: string, version: string, architecture: string): string {
  return url
    .replace(/^https?:\/\//, '')
    .replaceAll('{version}', version)
    .replaceAll('{arch}', architecture);
}

/** Where an image archive is below a bundle or a mirror. */
export function imagePath(url: string, architecture: string): string {
  return url.replaceAll('{arch}', architecture);
}
