import { PATHS } from '../../constants/index.js';
import type { AnyStep } from '../../engine/index.js';
import { script, sh, type Command } from '../../host/index.js';
import { absentTrees, type FormerState } from './former-state.js';
import { mountLook } from './mounts-step.js';
import { shortList, sweepStep } from './sweep-step.js';

type Former = Pick<FormerState, 'trees' | 'contentOf' | 'mounts' | 'keepsRuntime'>;

/** Trees of a container runtime that goes on. */
const RUNTIME_TREES: readonly string[] = [PATHS.containerdStateDir, '/run/containerd'];

/** Prints what there is in a tree, two levels deep, that was not there before; of two such paths only the upper one. */
const NEW_CONTENT = `
new_content() {
  if [ ! -d "$1" ]; then return; fi
  find "$1" -mindepth 1 -maxdepth 2 -printf '%P\\n' | sort | TREE=$1 BEFORE=$2 awk '
    BEGIN { count = split(ENVIRON["BEFORE"], list, "\\n"); for (i = 1; i <= count; i++) before[list[i]] = 1 }
    $0 in before { next }
    top != "" && index($0, top "/") == 1 { next }
    { top = $0; print ENVIRON["TREE"] "/" $0 }'
}`;

/** The parts of the look: whole trees that were absent, and new content of those that were not. */
function lookText(former: Former): string {
  const gone = absentTrees(former)
    .filter((path) => path !== PATHS.kbsStateDir)
    .map((path) => sh`if [ -e ${path} ]; then echo ${path}; fi`.text);
  const kept = former.trees.flatMap(({ path, was }) => {
    const content = was === 'directory' ? former.contentOf(path) : undefined;
    if (content === undefined) return [];
    const look = sh`new_content ${path} ${[...content].join('\n')}`.text;
    // What others run there is new, too: only the namespace of Kubernetes is known to be the cluster's.
    return [former.keepsRuntime && RUNTIME_TREES.includes(path) ? `${look} | grep '/k8s[.]io$' || [ $? = 1 ]` : look];
  });
  return [NEW_CONTENT, ...gone, ...kept].join('\n');
}

/** Looks for mounts in the very command that removes: a volume's data would go with the folder. */
function removal(found: readonly string[], { mounts }: Former): Command {
  const look = mountLook(found, mounts).text;
  return sh`mounted=$(${{ text: look }}) || exit 1
if [ -n "$mounted" ]; then echo "still mounted: $mounted" >&2; exit 1; fi
rm -rf --one-file-system -- ${found}`;
}

/**
 * Folders that belong to the cluster, with all that is in them. Refuses while something is mounted below.
 */
export function treesStep(former: Former): AnyStep {
  return sweepStep({
    id: 'reset/trees',
    title: 'Remove the folders of the cluster',
    timeoutMs: 600_000,
    look: script(lookText(former)),
    describe: (found) => `remove ${shortList(found)}`,
    sweep: async (found, host) => {
      await host.run(removal(found, former), { timeoutMs: 590_000 });
    },
    remedy: (left) => left.map((path) => `rm -r --one-file-system ${path}`),
  });
}
