import { PATHS, UNITS } from '../../constants/index.js';
import type { AnyStep, Phase } from '../../engine/index.js';
import type { Host } from '../../host/index.js';
import type { KubeApi } from '../../kube/index.js';
import { staleAddressStep } from '../endpoint/index.js';
import { undoPreparationSteps } from '../prepare/index.js';
import { iptablesStep, nftStep } from './firewall-step.js';
import { DISCARDED_DIR, forgetStep } from './forget-step.js';
import { formerState, type FormerState } from './former-state.js';
import { calicoStep } from './calico-step.js';
import { ipvsStep } from './ipvs-step.js';
import { groupsStep } from './groups-step.js';
import { cgroupsStep, modulesStep, slicesStep, sysctlsStep } from './kernel-steps.js';
import { linksStep } from './links-step.js';
import { unmountStep } from './mounts-step.js';
import { nodeObjectStep } from './node-object-step.js';
import { packagesStep } from './packages-step.js';
import { halfWrittenStep, pathsStep } from './paths-step.js';
import { endPodsStep } from './pods-step.js';
import { quietStep } from './quiet-step.js';
import { emptyDockerStep } from './docker-content-step.js';
import { emptyRuntimeStep } from './runtime-content-step.js';
import { podRoutesStep, routerSetsStep } from './router-steps.js';
import { stopUnitStep } from './stop-unit-step.js';
import { treesStep } from './trees-step.js';
import { disableUnitsStep, formerUnitsStep } from './unit-steps.js';

/** What the phases of a reset may ask for. */
export interface ResetContext {
  /** API of a cluster that goes on without the hosts; undefined when all of it goes or nothing answers. */
  readonly api: KubeApi | undefined;
}

/** Whether kbs has ever begun to change a host. Reads only. */
export async function isManaged(host: Host): Promise<boolean> {
  const stats = await host.files.stat([PATHS.kbsDir, PATHS.kbsStateDir, DISCARDED_DIR]);
  return [...stats.values()].some((stat) => stat !== undefined);
}

/** Steps for a host whose former state is known; none where kbs never came to change anything. */
async function stepsFor(host: Host, steps: (former: FormerState) => readonly AnyStep[]): Promise<readonly AnyStep[]> {
  const former = formerState(await host.journal.entries());
  return former === undefined ? [] : steps(former);
}

/** Services of the control-plane endpoint that did not run before kbs; keepalived first, which gives its address away as it stops. */
function endpointUnits({ units }: FormerState): readonly string[] {
  const ours = units.filter(({ active }) => active !== 'active').map(({ unit }) => unit);
  return [UNITS.keepalived, UNITS.haproxy].filter((unit) => ours.includes(unit));
}

const stopNodePhase: Phase<ResetContext> = {
  name: 'stop-node',
  title: 'Stop the kubelet',
  summary:
    'stops the kubelet, etcd on a host of its own and what made the control-plane endpoint, and takes the node out of a cluster that goes on without it',
  on: 'all',
  steps: ({ api }, host) =>
    stepsFor(host, (former) => [
      quietStep(),
      stopUnitStep(UNITS.kubelet),
      ...endpointUnits(former).map(stopUnitStep),
      ...(former.units.some(({ unit }) => unit === UNITS.etcd) ? [stopUnitStep(UNITS.etcd)] : []),
      ...(api === undefined ? [] : [nodeObjectStep(api, host.name)]),
    ]),
};

/** Containers go first: Docker Engine leaves them running when it stops. Sockets stop before their services, or these would start again. */
function dockerSteps(former: FormerState): readonly AnyStep[] {
  if (former.docker === 'untouched') return [];
  const criDocker = [UNITS.criDockerSocket, UNITS.criDocker];
  const units = former.docker === 'kept' ? [] : [UNITS.dockerSocket, UNITS.docker];
  return [...criDocker.map(stopUnitStep), emptyDockerStep(former), ...units.map(stopUnitStep)];
}

/** Everything the runtimes run ends, and the runtimes themselves stop where they are kbs's. */
export function endPodsSteps(former: FormerState): readonly AnyStep[] {
  return [
    ...dockerSteps(former),
    ...(former.hasCrio ? [stopUnitStep(UNITS.crio)] : []),
    ...(former.keepsRuntime ? [] : [stopUnitStep(UNITS.containerd)]),
    endPodsStep(former),
    ...(former.keepsRuntime ? [emptyRuntimeStep(former)] : []),
    unmountStep(former),
  ];
}

const endPodsPhase: Phase<ResetContext> = {
  name: 'end-pods',
  title: 'End pods',
  summary: 'stops the container runtime, ends every process of pods and unmounts what they used',
  on: 'all',
  steps: (_context, host) => stepsFor(host, endPodsSteps),
};

const removeNetworkPhase: Phase<ResetContext> = {
  name: 'remove-network',
  title: 'Remove the pod network',
  summary: 'removes network namespaces, interfaces, virtual addresses and packet filter rules of the cluster; those of others stay',
  on: 'all',
  steps: (_context, host) =>
    stepsFor(host, (former) => [
      linksStep(former),
      staleAddressStep('reset/addresses', undefined),
      iptablesStep(former),
      // After the rules, which name its sets.
      ipvsStep(former),
      calicoStep(former),
      routerSetsStep(),
      podRoutesStep(),
      nftStep(former),
    ]),
};

const restoreHostPhase: Phase<ResetContext> = {
  name: 'restore-host',
  title: 'Put the hosts back as they were',
  summary: 'goes through the journal backwards: units, files, packages, kernel, swap, folders',
  on: 'all',
  steps: (_context, host) =>
    stepsFor(host, (former) => [
      disableUnitsStep(former),
      ...undoPreparationSteps(),
      packagesStep(former),
      groupsStep(former),
      // Before single paths: a folder kbs made around a tree is empty only then.
      treesStep(former),
      pathsStep(former),
      halfWrittenStep(former),
      slicesStep(),
      cgroupsStep(former),
      sysctlsStep(former),
      modulesStep(former),
      formerUnitsStep(former),
    ]),
};

const forgetPhase: Phase<ResetContext> = {
  name: 'forget',
  title: 'Remove what kbs noted',
  summary: 'removes the journal; until then a reset that was cut off can be repeated',
  on: 'all',
  steps: () => [forgetStep()],
};

/** From a node to the host it was before `init`; needs nothing but the host's own journal. */
export const RESET_PHASES: readonly Phase<ResetContext>[] = [
  stopNodePhase,
  endPodsPhase,
  removeNetworkPhase,
  restoreHostPhase,
  forgetPhase,
];
