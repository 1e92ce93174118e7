import { PATHS } from '../../constants/index.js';
import { KbsError } from '../../errors/index.js';
import type { Host, JournalEntry } from '../../host/index.js';
import { GROUP_NOTE } from '../baseline/index.js';
import { isAt, type ContainerRuntime } from '../container-runtime/index.js';
import { formerState, type FormerState } from '../reset/index.js';

/** Filled by the plugins for pods that end with the runtime. */
const POD_TREES: readonly string[] = [PATHS.cniStateDir];

/** Whether the runtime is what brought an entry. Notes about the host as a whole stay: they say what was not the runtime's. */
function isPartOf({ belongings, traces }: ContainerRuntime, entry: JournalEntry): boolean {
  const trees = [...belongings.trees, ...POD_TREES];
  switch (entry.kind) {
    case 'path':
      return belongings.owns(entry.path) || trees.some(isAt(entry.path));
    case 'tree':
      return trees.includes(entry.path);
    case 'unit':
      return belongings.units.includes(entry.unit);
    case 'package':
      return true;
    case 'note':
      return !entry.name.startsWith(GROUP_NOTE) || traces?.groups.includes(entry.name.slice(GROUP_NOTE.length)) === true;
    case 'sysctl':
    case 'module':
    case 'swap':
      return false;
  }
}

/**
 * What a host was like before kbs as far as one of its runtimes is concerned.
 * @throws KbsError FILE_READ for a journal without a beginning: nobody knows what may be removed then
 */
export async function formerStateOf(host: Host, runtime: ContainerRuntime): Promise<FormerState> {
  const former = formerState((await host.journal.entries()).filter((entry) => isPartOf(runtime, entry)));
  if (former !== undefined) return former;
  throw new KbsError('FILE_READ', `the journal of ${host.name} does not say what the host was like before kbs`, {
    where: { host: host.name },
    remedy: [`kbs node remove ${host.name} -f CLUSTER_FILE, then kbs join -f CLUSTER_FILE   # makes the node anew`],
  });
}
