import { PATHS, UNITS } from '../../constants/index.js';
import { step, type AnyStep } from '../../engine/index.js';
import { KbsError } from '../../errors/index.js';
import { script, type Host } from '../../host/index.js';
import { installedPackages, purgePackages } from '../../steps/index.js';
import type { ContainerRuntime } from '../container-runtime/index.js';
import {
  disableUnitsStep,
  DOCKER_ALONE_OWNER,
  endPodsSteps,
  formerUnitsStep,
  groupsStep,
  linksStep,
  lookAtRules,
  pathsStep,
  POD_PORTS_OWNER,
  removeRules,
  stopUnitStep,
  sweepStep,
  treesStep,
  type FormerState,
  type ToolCleaning,
} from '../reset/index.js';
import { formerStateOf } from './part.js';

/** Tunnels of the pod network stay: the other nodes know them. */
const TUNNELS = ['flannel.1', 'flannel0'];

/** Ports of pods that have ended without their plugin being told, and rules of the runtime itself. */
function rulesStep(former: FormerState): AnyStep {
  const owner = former.docker === 'brought' ? DOCKER_ALONE_OWNER : POD_PORTS_OWNER;
  return step<readonly ToolCleaning[]>({
    id: 'leave-runtime/rules',
    title: 'Take the runtime out of iptables',
    timeoutMs: 120_000,
    probe: (host) => lookAtRules(host, former, owner),
    plan: (found) =>
      found.length === 0
        ? { change: 'none' }
        : { change: 'remove', summary: `remove rules of the runtime and of ports of pods: ${found.map(({ tool }) => tool).join(', ')}` },
    apply: (host, found) => removeRules(host, found),
    async verify(host) {
      const left = await lookAtRules(host, former, owner);
      if (left.length === 0) return;
      throw new KbsError('VERIFY_FAILED', `rules of the runtime are still in ${left.map(({ tool }) => tool).join(', ')}`, {
        where: { host: host.name },
      });
    },
  });
}

/** Of the runtime's packages those kbs brought, with what came along for them; what the next one needs comes again. */
function packagesStep({ title, belongings }: ContainerRuntime, { packages }: FormerState): AnyStep {
  const brought = new Set(packages);
  const ours = belongings.packages.filter((name) => brought.has(name));
  return step<readonly string[]>({
    id: 'leave-runtime/packages',
    title: `Remove the packages of ${title}`,
    timeoutMs: 900_000,
    probe: (host) => installedPackages(host, ours),
    plan: (installed) =>
      installed.length === 0
        ? { change: 'none' }
        : { change: 'remove', summary: `purge packages ${installed.join(', ')} and what came along with them` },
    apply: (host, installed, { output }) => purgePackages(host, installed, { brought, onLine: output }),
    async verify(host) {
      const left = await installedPackages(host, ours);
      if (left.length > 0) throw new KbsError('VERIFY_FAILED', `still installed: ${left.join(', ')}`, { where: { host: host.name } });
    },
  });
}

const LINKS = `
for folder in $folders; do
  if [ -d "$folder" ]; then find "$folder" -type l; fi
done | while read -r link; do
  target=$(readlink -m -- "$link")
  for tree in $trees; do
    case $target in "$tree"/*) echo "$link" ;; esac
  done
done`;

/** Docker Engine keeps logs among its own data, and only links where the kubelet looks. */
function logLinksStep({ belongings }: ContainerRuntime): AnyStep {
  return sweepStep({
    id: 'leave-runtime/logs',
    title: 'Remove links to logs that go',
    look: script(LINKS, { folders: `${PATHS.podLogsDir} ${PATHS.containerLogsDir}`, trees: belongings.trees.join(' ') }),
    describe: (found) => `remove ${found.length} links to logs that go with the runtime`,
    sweep: async (found, host) => host.files.remove(found),
    remedy: (left) => left.map((path) => `rm ${path}`),
  });
}

/**
 * A runtime leaves a node that stays: what its part of reset does, and nothing else. Static pods' manifests, authorities, etcd's data and the
 * kubelet's certificates are not looked at.
 * @throws KbsError FILE_READ when nobody knows what was there before kbs
 */
export async function leaveSteps(host: Host, runtime: ContainerRuntime): Promise<readonly AnyStep[]> {
  const former = await formerStateOf(host, runtime);
  return [
    stopUnitStep(UNITS.kubelet),
    ...endPodsSteps(former),
    linksStep({ ...former, links: new Set([...former.links, ...TUNNELS]) }),
    rulesStep(former),
    disableUnitsStep(former),
    packagesStep(runtime, former),
    groupsStep(former),
    treesStep(former),
    pathsStep(former),
    logLinksStep(runtime),
    formerUnitsStep(former),
  ];
}
