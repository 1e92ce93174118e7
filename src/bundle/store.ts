import { mkdir, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ClusterSpec } from '../config/index.js';
import { KbsError, KbsErrors, toKbsError } from '../errors/index.js';
import type { ArtifactName, Catalogue } from '../versions/index.js';
import { readArchiveEntries } from './archive.js';
import { DigestMemory, JsonCache } from './digest-memory.js';
import { downloadFile } from './download.js';
import { DEFAULT_PATIENCE, type Patience } from './http.js';
import { locateFile, locateImage } from './locate.js';
import { openOrigin, type Location, type Origin } from './origin.js';
import type { ArchiveEntry, ArtifactRequest, ArtifactStore, LocalFile } from './types.js';

/** How an artifact store is opened. */
export interface ArtifactStoreOptions {
  /** `spec.artifacts` of the cluster file, local paths absolute. */
  readonly artifacts: ClusterSpec['artifacts'];
  /** Folder for downloads and remembered digests; made when absent, shared by all clusters of a user. */
  readonly cacheDirectory: string;
  readonly signal: AbortSignal;
  /** At most five times a second for each download. */
  readonly onProgress?: (name: string, doneBytes: number, totalBytes: number | undefined) => void;
  /** A download stopped for a reason that may go away, and is tried again. */
  readonly onInterrupted?: (name: string, reason: string) => void;
  readonly patience?: Patience;
}

/** A file that the catalogue has, with where it is. */
interface Wanted {
  /** For messages: "kubelet 1.25.0 amd64". */
  readonly name: string;
  readonly sha256: string;
  readonly location: Location;
}

function isEntries(value: unknown): value is readonly ArchiveEntry[] {
  return Array.isArray(value) && value.every((entry: unknown) => typeof (entry as Partial<ArchiveEntry> | null)?.sha256 === 'string');
}

/** The nearest folder above a missing file that exists, with what is in it. */
async function whatIsThere(path: string): Promise<string> {
  const folder = dirname(path);
  try {
    const names = (await readdir(folder)).sort();
    return names.length === 0 ? `${folder} is empty` : `in ${folder} there is: ${names.slice(0, 20).join(', ')}`;
  } catch (error) {
    if (folder === dirname(folder) || (error as NodeJS.ErrnoException).code !== 'ENOENT')
      return `${folder} cannot be read: ${String(error)}`;
    return whatIsThere(folder);
  }
}

class OriginStore implements ArtifactStore {
  readonly #blobs: string;
  readonly #digests: DigestMemory;
  readonly #entries: JsonCache<readonly ArchiveEntry[]>;
  /** Requests under way or done: several hosts that want one file share one download. */
  readonly #files = new Map<string, Promise<LocalFile>>();
  readonly #listings = new Map<string, Promise<readonly ArchiveEntry[]>>();

  constructor(
    private readonly origin: Origin,
    private readonly options: ArtifactStoreOptions,
    directories: { readonly blobs: string; readonly digests: string; readonly entries: string },
  ) {
    this.#blobs = directories.blobs;
    this.#digests = new DigestMemory(directories.digests);
    this.#entries = new JsonCache(directories.entries, isEntries);
  }

  get catalogue(): Catalogue {
    return this.origin.catalogue;
  }

  async file(name: ArtifactName, version: string, architecture: string): Promise<LocalFile> {
    const located = locateFile(this.catalogue, { kind: 'file', name, version, architecture });
    return this.#shared({ ...located, location: this.origin.artifact(located.officialUrl) });
  }

  async imageArchive(reference: string, architecture: string): Promise<LocalFile | undefined> {
    const located = locateImage(this.catalogue, { kind: 'images', reference, architecture });
    return located === undefined ? undefined : this.#shared({ ...located, location: this.origin.archive(located.path) });
  }

  entries(file: LocalFile): Promise<readonly ArchiveEntry[]> {
    const running = this.#listings.get(file.sha256) ?? this.#readEntries(file);
    this.#listings.set(file.sha256, running);
    running.catch(() => this.#listings.delete(file.sha256));
    return running;
  }

  async #readEntries(file: LocalFile): Promise<readonly ArchiveEntry[]> {
    const known = await this.#entries.get(file.sha256);
    if (known !== undefined) return known;
    const entries = await readArchiveEntries(file.path);
    await this.#entries.set(file.sha256, entries);
    return entries;
  }

  async prefetch(requests: readonly ArtifactRequest[]): Promise<void> {
    const results = await Promise.allSettled(
      requests.map((request) =>
        request.kind === 'file'
          ? this.file(request.name, request.version, request.architecture)
          : this.imageArchive(request.reference, request.architecture),
      ),
    );
    const failures = new Map<string, KbsError>();
    for (const result of results) {
      if (result.status === 'fulfilled') continue;
      const error = toKbsError(result.reason);
      // Images that share a missing archive fail alike: once is enough.
      failures.set(`${error.code} ${error.message}`, error);
    }
    const [first, ...others] = failures.values();
    if (first === undefined) return;
    throw others.length === 0 ? first : new KbsErrors([first, ...others]);
  }

  #shared(wanted: Wanted): Promise<LocalFile> {
    const place = wanted.location.kind === 'local' ? wanted.location.path : '';
    const key = `${wanted.sha256} ${place}`;
    const running = this.#files.get(key);
    if (running !== undefined) return running;
    const started =
      wanted.location.kind === 'local' ? this.#inPlace(wanted, wanted.location.path) : this.#cached(wanted, wanted.location.url);
    this.#files.set(key, started);
    // A failure is not kept: the next request tries again.
    started.catch(() => this.#files.delete(key));
    return started;
  }

  async #inPlace({ name, sha256 }: Wanted, path: string): Promise<LocalFile> {
    let file: LocalFile;
    try {
      file = await this.#digests.read(path);
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause;
      throw new KbsError('ARTIFACT_MISSING', `${name} is not in ${this.origin.name}`, {
        details: [`expected at ${path}`, await whatIsThere(path)],
        remedy: ['make the bundle again, or leave the entry out of its checksums.json'],
        cause,
      });
    }
    if (file.sha256 === sha256) return file;
    throw new KbsError('BUNDLE_DIGEST', `${name} has the wrong digest`, {
      details: [
        `expected sha256 ${sha256} (${this.catalogue.source})`,
        `found sha256 ${file.sha256} (${file.sizeBytes} bytes)`,
        `in ${path}`,
      ],
      remedy: [`sha256sum ${path}`, 'copy the bundle again'],
    });
  }

  async #cached({ name, sha256 }: Wanted, url: string): Promise<LocalFile> {
    const target = join(this.#blobs, sha256);
    const present = await this.#presentBlob(target);
    if (present?.sha256 === sha256) return present;
    await rm(target, { force: true });
    const { signal, onProgress, onInterrupted, patience = DEFAULT_PATIENCE } = this.options;
    const file = await downloadFile({
      name,
      url,
      sha256,
      target,
      signal,
      patience,
      onInterrupted: (reason) => onInterrupted?.(name, reason),
      onProgress: (doneBytes, totalBytes) => onProgress?.(name, doneBytes, totalBytes),
    });
    await this.#digests.remember(file);
    return file;
  }

  async #presentBlob(path: string): Promise<LocalFile | undefined> {
    try {
      return await this.#digests.read(path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }
}

async function makeDirectories(cacheDirectory: string): Promise<{ blobs: string; digests: string; entries: string }> {
  const directories = {
    blobs: join(cacheDirectory, 'blobs'),
    digests: join(cacheDirectory, 'digests'),
    entries: join(cacheDirectory, 'entries'),
  };
  try {
    for (const directory of Object.values(directories)) await mkdir(directory, { recursive: true });
  } catch (cause) {
    throw new KbsError('FILE_WRITE', `cannot make the cache folder ${cacheDirectory}`, { details: [String(cause)], cause });
  }
  return directories;
}

/**
 * Opens the store that `spec.artifacts` names. Nothing but its checksum file is read yet.
 * @throws KbsError ARTIFACT_MISSING, ARTIFACT_DOWNLOAD when the checksum file cannot be had; FILE_WRITE without a cache folder
 */
export async function openArtifactStore(options: ArtifactStoreOptions): Promise<ArtifactStore> {
  const directories = await makeDirectories(options.cacheDirectory);
  const origin = await openOrigin(options.artifacts, {
    signal: options.signal,
    patience: options.patience ?? DEFAULT_PATIENCE,
    onInterrupted: (reason) => options.onInterrupted?.('the checksum file', reason),
  });
  return new OriginStore(origin, options, directories);
}
