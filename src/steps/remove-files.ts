import { KbsError } from '../errors/index.js';
import { step, type AnyStep } from '../engine/index.js';
import type { FileStat, Host } from '../host/index.js';
import type { RemoveFilesStepOptions } from './types.js';

type SeenPaths = readonly { readonly path: string; readonly was: FileStat }[];

async function probePaths(host: Host, paths: readonly string[]): Promise<SeenPaths> {
  const stats = await host.files.stat(paths);
  return paths.flatMap((path) => {
    const was = stats.get(path);
    return was === undefined ? [] : [{ path, was }];
  });
}

/** Takes files away; originals that are not kbs's own are kept in the journal. */
export function removeFilesStep(options: RemoveFilesStepOptions): AnyStep {
  return step<SeenPaths>({
    id: options.id,
    title: options.title,
    timeoutMs: options.timeoutMs ?? 60_000,
    probe: (host) => probePaths(host, options.paths),
    plan: (seen) =>
      seen.length === 0 ? { change: 'none' } : { change: 'remove', summary: `remove ${seen.map(({ path }) => path).join(', ')}` },
    async apply(host, seen) {
      await host.journal.record(seen.flatMap(({ path, was }) => (was.type === 'other' ? [] : [{ kind: 'path', path, was: was.type }])));
      await host.files.remove(seen.map(({ path }) => path));
    },
    async verify(host) {
      const left = await probePaths(host, options.paths);
      if (left.length === 0) return;
      throw new KbsError('VERIFY_FAILED', `still there: ${left.map(({ path }) => path).join(', ')}`, {
        where: { host: host.name, step: options.id },
        remedy: left.map(({ path }) => `ls -la ${path}`),
      });
    },
  });
}
