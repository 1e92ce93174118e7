import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import { KbsError } from '../errors/index.js';
import { Interrupted, requestOnce, withRetries, type Repetition } from './http.js';
import { claimPartial, releasePartial } from './partial-file.js';
import type { LocalFile } from './types.js';

/** Progress is reported at most this often. */
const PROGRESS_EVERY_MS = 200;

/** A file to fetch whose digest is known beforehand. */
export interface Download extends Repetition {
  /** For messages: "kubelet 1.25.0 amd64". */
  readonly name: string;
  readonly url: string;
  /** Lower-case hex. */
  readonly sha256: string;
  /** Where it is put; a file that is there is replaced. */
  readonly target: string;
  readonly onProgress: (doneBytes: number, totalBytes: number | undefined) => void;
}

/** Content that came so far, with its running digest. */
class PartialContent {
  sizeBytes = 0;
  totalBytes: number | undefined;
  #hash: Hash = createHash('sha256');

  private constructor(private readonly handle: FileHandle) {}

  /** Takes over what is in the file already. */
  static async open(path: string): Promise<PartialContent> {
    const handle = await open(path, 'a+');
    const content = new PartialContent(handle);
    for await (const chunk of createReadStream(path)) content.count(chunk as Buffer);
    return content;
  }

  private count(chunk: Uint8Array): void {
    this.#hash.update(chunk);
    this.sizeBytes += chunk.length;
  }

  async append(chunk: Uint8Array): Promise<void> {
    try {
      await this.handle.appendFile(chunk);
    } catch (cause) {
      throw new KbsError('FILE_WRITE', `cannot write a download to the cache: ${String(cause)}`, {
        remedy: ['df -h   # is the disk full?'],
        cause,
      });
    }
    this.count(chunk);
  }

  async clear(): Promise<void> {
    await this.handle.truncate(0);
    this.#hash = createHash('sha256');
    this.sizeBytes = 0;
  }

  /** The hash goes on afterwards. */
  sha256(): string {
    return this.#hash.copy().digest('hex');
  }

  async close(): Promise<void> {
    await this.handle.close();
  }
}

/** Whether an answer goes on where the file ends; else the file is emptied. */
async function align(response: Response, content: PartialContent): Promise<void> {
  const start = /^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '')?.[1];
  if (response.status === 206 && Number(start) === content.sizeBytes) return;
  if (content.sizeBytes > 0) await content.clear();
  if (response.status === 200) return;
  await response.body?.cancel();
  throw new Interrupted(`the server answered HTTP ${response.status} to a resumed download`);
}

function progressReporter(download: Download, content: PartialContent): () => void {
  let next = 0;
  return () => {
    const now = performance.now();
    if (now < next && content.sizeBytes !== content.totalBytes) return;
    next = now + PROGRESS_EVERY_MS;
    download.onProgress(content.sizeBytes, content.totalBytes);
  };
}

function digestError(download: Download, seen: string, sizeBytes: number): KbsError {
  return new KbsError('BUNDLE_DIGEST', `${download.name} has the wrong digest`, {
    details: [`expected sha256 ${download.sha256}`, `received sha256 ${seen} (${sizeBytes} bytes)`, `from ${download.url}`],
    remedy: [`curl -sL ${download.url} | sha256sum`, 'correct the server, or the checksum file it is compared with'],
  });
}

async function attempt(download: Download, content: PartialContent): Promise<void> {
  const resumedAt = content.sizeBytes;
  if (resumedAt > 0 && content.sha256() === download.sha256) return;
  await requestOnce({
    url: download.url,
    offset: resumedAt,
    signal: download.signal,
    stallMs: download.patience.stallMs,
    consume: async (response, touch) => {
      await align(response, content);
      const length = response.headers.get('content-length');
      content.totalBytes = length === null ? undefined : content.sizeBytes + Number(length);
      const report = progressReporter(download, content);
      for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
        touch();
        await content.append(chunk);
        report();
      }
    },
  });
  const seen = content.sha256();
  if (seen === download.sha256) return;
  const { sizeBytes } = content;
  await content.clear();
  // What an earlier attempt left may have been of another file: only a download in one piece proves the server wrong.
  if (resumedAt > 0) throw new Interrupted('what was resumed has the wrong digest');
  throw digestError(download, seen, sizeBytes);
}

function interruptedError(download: Download, content: PartialContent, error: Interrupted): KbsError {
  const of = content.totalBytes === undefined ? '' : ` of ${content.totalBytes}`;
  return new KbsError(
    'ARTIFACT_DOWNLOAD',
    `the download of ${download.name} stopped after ${content.sizeBytes}${of} bytes: ${error.message}`,
    {
      details: [`from ${download.url}`, 'what came is kept: the next run goes on from there'],
      remedy: [`curl -I ${download.url}`],
      cause: error,
    },
  );
}

/**
 * Fetches a file, going on where an earlier attempt or run ended, and puts it in place when its digest is right.
 * @throws KbsError ARTIFACT_MISSING, ARTIFACT_DOWNLOAD, BUNDLE_DIGEST, FILE_WRITE, CANCELLED
 */
export async function downloadFile(download: Download): Promise<LocalFile> {
  const partial = await claimPartial(download.target);
  const content = await PartialContent.open(partial);
  try {
    await withRetries(() => attempt(download, content), download);
    await rename(partial, download.target);
  } catch (error) {
    if (content.sizeBytes > 0) await releasePartial(partial, download.target);
    else await rm(partial, { force: true });
    throw error instanceof Interrupted ? interruptedError(download, content, error) : error;
  } finally {
    await content.close();
  }
  return { path: download.target, sha256: download.sha256, sizeBytes: content.sizeBytes };
}
