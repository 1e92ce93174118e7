import type { ArtifactName, Catalogue } from '../versions/index.js';

/** A file on this machine whose content was checked against its digest. */
export interface LocalFile {
  readonly path: string;
  /** Lower-case hex. */
  readonly sha256: string;
  readonly sizeBytes: number;
}

/** A regular file inside a tar or tar.gz. */
export interface ArchiveEntry {
  /** Without a leading `./`. */
  readonly name: string;
  /** Permission bits, e.g. 0o755. */
  readonly mode: number;
  /** Lower-case hex. */
  readonly sha256: string;
  readonly sizeBytes: number;
}

/** Something an operation will need on its hosts. */
export type ArtifactRequest =
  | {
      readonly kind: 'file';
      readonly name: ArtifactName;
      /** Without a leading v. */ readonly version: string;
      readonly architecture: string;
    }
  | { readonly kind: 'images'; /** Full image reference. */ readonly reference: string; readonly architecture: string };

/** Where artifacts and image archives come from: official URLs, a mirror or a bundle, always with pinned digests. */
export interface ArtifactStore {
  readonly catalogue: Catalogue;
  /**
   * The artifact as a checked local file: downloaded into the cache, or in place in a bundle folder.
   * @param version with or without a leading v
   * @param architecture `amd64` or `arm64`
   * @throws KbsError ARTIFACT_MISSING, ARTIFACT_DOWNLOAD, BUNDLE_DIGEST, CANCELLED
   */
  file(name: ArtifactName, version: string, architecture: string): Promise<LocalFile>;
  /**
   * The archive that holds an image; undefined when the catalogue has no images at all and hosts pull from registries.
   * @throws KbsError ARTIFACT_MISSING, ARTIFACT_DOWNLOAD, BUNDLE_DIGEST, CANCELLED
   */
  imageArchive(reference: string, architecture: string): Promise<LocalFile | undefined>;
  /**
   * The regular files of a tar or tar.gz with their digests; remembered in the cache.
   * @throws KbsError ARTIFACT_MISSING when the file is no such archive
   */
  entries(file: LocalFile): Promise<readonly ArchiveEntry[]>;
  /**
   * Fetches and checks everything before any host is touched; every request is tried, every failure reported.
   * @throws KbsError the only failure; KbsErrors when there were several
   */
  prefetch(requests: readonly ArtifactRequest[]): Promise<void>;
}
