import { plainSocket } from '../container-runtime/index.js';
import type { CheckSubject, PreflightCheck, PreflightInput } from './types.js';

const nodes = ({ isNode }: PreflightInput): boolean => isNode;
const DOCKER_UNITS = ['docker.service', 'cri-docker.service'];
/** Units of runtimes whose data is of no use to another installation, and of other programs, too. */
const DATA_OWNERS = ['cri-docker.service', 'crio.service'];

function hasAnother({ input: { runtime }, findings: { criSocket } }: CheckSubject): boolean {
  return criSocket !== undefined && plainSocket(criSocket) !== plainSocket(runtime.criSocket);
}

/** Pods, images and volumes of a node are its runtime's: only a run that goes from host to host changes it. */
function runtimeChange(subject: CheckSubject): string | undefined {
  const { mayChangeRuntime, findings, input } = subject;
  if (mayChangeRuntime || !hasAnother(subject)) return undefined;
  return (
    `the kubelet of this node works with ${findings.criSocket ?? ''}, not with ${input.runtime.title} — kbs apply changes it, one host after ` +
    'the other (without --phase and --skip-phase); or set containerRuntime of the host to what it has'
  );
}

/** Data of an earlier installation: containers that nobody knows of, and with a package that takes its data along as it leaves. */
function foreignData({ input: { runtime }, findings }: CheckSubject): string | undefined {
  const isThere =
    findings.units.includes(runtime.unit) ||
    (runtime.unit !== 'crio.service' && findings.units.some((unit) => DOCKER_UNITS.includes(unit)));
  if (!findings.hasRuntimeData || findings.isManaged || isThere) return undefined;
  return `${runtime.stateDir} holds data of an earlier installation — move it away: kbs reset would remove it with ${runtime.title}`;
}

/** Checks of what the container runtime needs, and of other runtimes. */
export const RUNTIME_CHECKS: readonly PreflightCheck[] = [
  {
    name: 'OtherRuntimes',
    level: 'warning',
    appliesTo: nodes,
    run(subject) {
      const { input, findings } = subject;
      const others = findings.units.filter((unit) => DOCKER_UNITS.includes(unit));
      // One that is about to leave.
      return others.length === 0 || hasAnother(subject) || DOCKER_UNITS.includes(input.runtime.unit)
        ? undefined
        : `${others.join(', ')} on the host — Docker drops forwarded packets by default: iptables -P FORWARD ACCEPT`;
    },
  },
  { name: 'RuntimeChange', level: 'error', appliesTo: nodes, run: runtimeChange },
  {
    name: 'RuntimePackages',
    level: 'error',
    appliesTo: (input) => input.isNode && input.runtime.isPackaged,
    run({ host: { facts }, input: { runtime }, findings }) {
      const isSpared = runtime.sparedBy !== undefined && !findings.missingCommands.has(runtime.sparedBy);
      if (isSpared) return undefined;
      if (facts.packageManager !== 'apt' && runtime.sparedBy !== undefined) {
        return `${runtime.sparedBy}, which loads image archives for ${runtime.title}, is not there, and ${facts.os.prettyName} has no apt to install it — install ${runtime.sparedBy}`;
      }
      if (facts.packageManager !== 'apt') {
        return `${runtime.title} is installed with apt, which ${facts.os.prettyName} has not — use containerRuntime.type: containerd with install: artifact`;
      }
      return findings.packages.length === 0
        ? undefined
        : `${findings.packages.join(', ')} would have to leave for the packages of ${runtime.title} — apt-get purge ${findings.packages.join(' ')}`;
    },
  },
  {
    name: 'RuntimeData',
    level: 'error',
    appliesTo: (input) => input.isNode && DATA_OWNERS.includes(input.runtime.unit),
    run: foreignData,
  },
];
