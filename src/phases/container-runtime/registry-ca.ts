import { readFile } from 'node:fs/promises';
import type { FileSpec } from '../../steps/index.js';
import type { RunContext } from '../context.js';

/**
 * CA certificates as Docker Engine and CRI-O look for them: a folder for each host that images come from, which are the mirrors, or the
 * registry itself where there is none.
 */
export async function registryCaFiles(spec: RunContext['spec'], directory: string): Promise<readonly FileSpec[]> {
  const files = spec.containerRuntime.registries.map(async ({ host, mirrors, caFile }): Promise<FileSpec[]> => {
    if (caFile === undefined) return [];
    const content = await readFile(caFile, 'utf8');
    const hosts = mirrors.length === 0 ? [host] : mirrors.map((url) => new URL(url).host);
    return hosts.map((name) => ({ path: `${directory}/${name}/ca.crt`, content, mode: 0o644 }));
  });
  return (await Promise.all(files)).flat();
}
