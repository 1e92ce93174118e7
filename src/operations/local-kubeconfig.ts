import { mkdir, readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { mergeKubeconfig } from '../kubeconfig/index.js';
import type { Secret } from '../secret/index.js';

/** The file kubectl writes to: the first of KUBECONFIG, else ~/.kube/config. */
export function defaultKubeconfigPath(env: Readonly<Record<string, string | undefined>> = process.env): string {
  const first = env['KUBECONFIG']?.split(delimiter).find((path) => path !== '');
  return first ?? join(homedir(), '.kube', 'config');
}

/** Writes a kubeconfig of its own, readable by its owner only; missing folders are made. */
export async function writeKubeconfig(path: string, text: Secret): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeFileAtomic(path, text.reveal(), { mode: 0o600 });
}

/**
 * Adds the cluster to the user's kubeconfig; comments, order and all else in it stay.
 * @returns entries that were there with other content and were replaced
 * @throws KbsError FILE_READ when the file is no kubeconfig
 */
export async function mergeIntoKubeconfig(
  path: string,
  added: Secret,
  options: { readonly contextName: string; readonly setCurrent: boolean },
): Promise<readonly string[]> {
  const existing = await readFile(path, 'utf8').catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  });
  const merged = mergeKubeconfig(existing, added, options);
  await writeKubeconfig(path, merged.text);
  return merged.replaced;
}
