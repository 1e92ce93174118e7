import { PATHS } from '../constants/index.js';
import type { StepContext } from '../engine/index.js';
import { fileBytes, type Host, type UploadOptions } from '../host/index.js';
import { folderEntries, makeFolders, missingFolders } from './folders.js';
import type { LocalFile } from './types.js';

const MEBIBYTE = 1024 * 1024;
/** How often an upload tells how far it is: each telling is a line of the run log. */
const TELL_EVERY_MS = 250;

/** Where an upload waits for its use. */
export function stagedPath(file: LocalFile): string {
  return `${PATHS.artifactsDir}/${file.sha256}`;
}

/** Copies a local file to a path on the host, resuming what was cut off. */
export async function uploadTo(
  host: Host,
  file: LocalFile,
  target: Pick<UploadOptions, 'mode' | 'isShortLived'> & { readonly path: string },
  context: StepContext,
): Promise<void> {
  const total = Math.ceil(file.sizeBytes / MEBIBYTE);
  let toldMs = -Infinity;
  const { path, ...options } = target;
  await host.files.upload((offset) => fileBytes(file.path, offset), path, {
    ...options,
    sha256: file.sha256,
    sizeBytes: file.sizeBytes,
    onProgress: (bytes) => {
      const nowMs = performance.now();
      if (nowMs - toldMs < TELL_EVERY_MS) return;
      toldMs = nowMs;
      context.progress(`${Math.floor(bytes / MEBIBYTE)} MiB of ${total} MiB`);
    },
  });
}

/** Makes the folder where uploads wait for their use, journaled, where it is missing. */
export async function makeStagingFolder(host: Host): Promise<void> {
  const folders = await missingFolders(host, [
    { path: PATHS.kbsStateDir, mode: 0o755, ownTree: true },
    { path: PATHS.artifactsDir, mode: 0o700, ownTree: true },
  ]);
  await host.journal.record(folderEntries(folders));
  await makeFolders(host, folders);
}

/** Uploads a file to its waiting place; its folder is there, see {@link makeStagingFolder}. */
export async function stage(host: Host, file: LocalFile, context: StepContext): Promise<string> {
  const path = stagedPath(file);
  await uploadTo(host, file, { path, mode: 0o600, isShortLived: true }, context);
  return path;
}
