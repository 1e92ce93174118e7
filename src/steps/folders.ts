import { posix } from 'node:path';
import { sh, type Host, type JournalEntry } from '../host/index.js';
import type { DirectorySpec } from './types.js';

/** Every folder above a path, the outermost first, without `/`. */
export function foldersAbove(path: string): readonly string[] {
  const parent = posix.dirname(path);
  return parent === '/' || parent === '.' ? [] : [...foldersAbove(parent), parent];
}

/** Folders that some paths need above them, outermost first, as 0755, each once. */
export function parentFolders(paths: readonly string[]): readonly DirectorySpec[] {
  return [...new Set(paths.flatMap(foldersAbove))].map((path) => ({ path, mode: 0o755 }));
}

/** Permission bits as `chmod` takes them and people read them: `0644`. */
export function octal(mode: number): string {
  return mode.toString(8).padStart(4, '0');
}

/** Those of the folders that do not exist, outermost first. One round trip. */
export async function missingFolders(host: Host, folders: readonly DirectorySpec[]): Promise<readonly DirectorySpec[]> {
  if (folders.length === 0) return [];
  const seen = await host.files.stat(folders.map((folder) => folder.path));
  return folders.filter((folder) => seen.get(folder.path) === undefined).sort((a, b) => a.path.length - b.path.length);
}

/** What the journal says of folders that kbs is about to make. */
export function folderEntries(folders: readonly DirectorySpec[]): readonly JournalEntry[] {
  return folders.map(({ path, ownTree }) => ({ kind: ownTree === true ? 'tree' : 'path', path, was: 'absent' }));
}

/**
 * Makes folders, outermost first, each with exactly its mode. One round trip; a folder that appeared meanwhile is fine.
 * The caller has journaled them.
 */
export async function makeFolders(host: Host, folders: readonly DirectorySpec[]): Promise<void> {
  if (folders.length === 0) return;
  const commands = folders.map(({ path, mode }) => sh`mkdir -p -m ${octal(mode)} -- ${path}`.text);
  await host.run({ text: commands.join(' &&\n') });
}

/** Journals and makes the folders above paths that are missing. */
export async function ensureParents(host: Host, paths: readonly string[]): Promise<void> {
  const missing = await missingFolders(host, parentFolders(paths));
  if (missing.length === 0) return;
  await host.journal.record(folderEntries(missing));
  await makeFolders(host, missing);
}
