import { PATHS } from '../../constants/index.js';
import { step, type AnyStep } from '../../engine/index.js';
import { KbsError } from '../../errors/index.js';
import { sh, script, type Host } from '../../host/index.js';
import type { FileSpec } from '../../steps/index.js';
import type { ContainerRuntime } from './types.js';

/** Prints those of the paths that are not as they were before kbs: there, or other than their original. */
const LOOK = `while read -r path; do
  if [ -e "$ORIGINALS$path" ]; then cmp -s -- "$ORIGINALS$path" "$path" || echo "$path"
  elif [ -e "$path" ]; then echo "$path"; fi
done <<EOF
$PATHS_WRITTEN
EOF`;

/** What was there before comes back, the rest goes. */
const RESTORE = `while read -r path; do
  if [ -e "$ORIGINALS$path" ]; then cp -a -- "$ORIGINALS$path" "$path.kbs-part" && mv -fT -- "$path.kbs-part" "$path" || exit 1
  else rm -f -- "$path" || exit 1; fi
done <<EOF
$PATHS_WRITTEN
EOF`;

/** Files that are there only with credentials. */
const CREDENTIALS: readonly string[] = [PATHS.kubeletRegistryAuth, PATHS.crioRegistryAuth];

const ORIGINALS = `${PATHS.kbsDir}/original`;

/**
 * Mirrors, CAs and credentials that kbs wrote and the cluster file no longer has. Nobody is restarted: the runtimes read these files with
 * each pull, and the kubelet forgets within five minutes what it read last.
 */
export function formerRegistriesStep({ registriesDir }: Pick<ContainerRuntime, 'registriesDir'>, files: readonly FileSpec[]): AnyStep {
  const wanted = new Set(files.map(({ path }) => path));
  const look = async (host: Host): Promise<readonly string[]> => {
    const written = (await host.journal.entries()).flatMap((entry) =>
      entry.kind === 'path' && entry.was !== 'directory' && !wanted.has(entry.path) ? [entry.path] : [],
    );
    const candidates = written.filter((path) => path.startsWith(`${registriesDir}/`) || CREDENTIALS.includes(path));
    // Folders of registries that were not there are noted like files.
    const stats = await host.files.stat(candidates);
    const paths = candidates.filter((path) => stats.get(path)?.type !== 'directory');
    if (paths.length === 0) return [];
    const lines = await host.run(script(LOOK, { ORIGINALS, PATHS_WRITTEN: paths.join('\n') }));
    return lines.split('\n').filter((line) => line !== '');
  };
  return step<readonly string[]>({
    id: 'runtime/former-registries',
    title: 'Forget registries that are no longer in the cluster file',
    timeoutMs: 60_000,
    probe: look,
    plan: (found) => (found.length === 0 ? { change: 'none' } : { change: 'remove', summary: `remove ${found.join(', ')}` }),
    async apply(host, found) {
      await host.run(script(RESTORE, { ORIGINALS, PATHS_WRITTEN: found.join('\n') }));
    },
    async verify(host) {
      const left = await look(host);
      if (left.length === 0) return;
      throw new KbsError('VERIFY_FAILED', `still there: ${left.join(', ')}`, {
        where: { host: host.name, step: 'runtime/former-registries' },
        remedy: [sh`ls -la ${left}`.text],
      });
    },
  });
}
