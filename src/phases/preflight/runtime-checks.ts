import type { CheckSubject, PreflightCheck, PreflightInput } from './types.js';

const nodes = ({ isNode }: PreflightInput): boolean => isNode;
const DOCKER_UNITS = ['docker.service', 'cri-docker.service'];
/** Units of runtimes whose data is of no use to another installation, and of other programs, too. */
const DATA_OWNERS = ['cri-docker.service', 'crio.service'];

/** /var/run is a link to /run. */
function plainSocket(socket: string): string {
  return socket.replace(/^unix:\/\//, '').replace(/^\/var\/run\//, '/run/');
}

/** A node has one runtime for life: its pods, images and volumes are that runtime's. */
function runtimeChange({ host, input: { runtime }, findings }: CheckSubject): string | undefined {
  const { criSocket } = findings;
  if (criSocket === undefined || plainSocket(criSocket) === plainSocket(runtime.criSocket)) return undefined;
  return (
    `the kubelet of this node works with ${criSocket}, not with ${runtime.title} — kbs does not change the runtime of a node: ` +
    `kbs node remove ${host.name}, then kbs apply; or set containerRuntime of the host to what it has`
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
    run({ input, findings }) {
      const others = findings.units.filter((unit) => DOCKER_UNITS.includes(unit));
      return others.length === 0 || DOCKER_UNITS.includes(input.runtime.unit)
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
