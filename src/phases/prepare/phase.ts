import { PATHS } from '../../constants/index.js';
import type { AnyStep, Phase } from '../../engine/index.js';
import { kernelModulesStep, swapOffStep, swapOnStep, sysctlStep } from '../../steps/index.js';
import { isNode, type RunContext } from '../context.js';
import { hostLines, hostsFileStep } from './hosts-file.js';
import { kernelModulesFor, NODE_SYSCTLS } from './kernel-needs.js';

/** Kernel, swap and names, before anything of Kubernetes is installed. Folders are made by the phases that fill them. */
export const prepareHostPhase: Phase<Pick<RunContext, 'spec'>> = {
  name: 'prepare-host',
  title: 'Prepare the hosts',
  summary: 'loads kernel modules, sets kernel parameters, turns swap off and names the hosts in /etc/hosts where the file asks for it',
  on: 'all',
  after: ['baseline'],
  steps({ spec }, host) {
    const names = spec.preparation.hostsFile ? [hostsFileStep(hostLines(spec))] : [];
    if (!isNode(host)) return names;
    return [
      kernelModulesStep({
        id: 'prepare/kernel-modules',
        title: 'Load kernel modules',
        path: PATHS.modulesLoadFile,
        modules: kernelModulesFor(spec, host),
      }),
      // After the modules: net.bridge.* exists only with br_netfilter.
      sysctlStep({ id: 'prepare/sysctls', title: 'Set kernel parameters', path: PATHS.sysctlFile, values: NODE_SYSCTLS }),
      ...(spec.preparation.swap === 'off' ? [swapOffStep({ id: 'prepare/swap', title: 'Turn swap off' })] : []),
      ...names,
    ];
  },
};

/**
 * What `kbs reset` runs besides the journal: lines of kbs in files that belong to others, and swap. Modules, kernel parameters, files
 * and folders are in the journal.
 */
export function undoPreparationSteps(): readonly AnyStep[] {
  return [hostsFileStep([]), swapOnStep({ id: 'prepare/swap', title: 'Turn swap on again' })];
}
