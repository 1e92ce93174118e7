import { PORTS } from '../../constants/index.js';
import { INSTALL_COMMANDS, RECOMMENDED_COMMANDS, REQUIRED_COMMANDS } from './findings.js';
import type { CheckSubject, DiskNeed, Listener, PreflightCheck, PreflightInput } from './types.js';

const GIBIBYTE = 1024 ** 3;
/** Source: kubelet v1.25 eviction defaults, imagefs.available. */
const EVICTION_SHARE = 0.15;
/** Source: resolv.conf(5), MAXNS. */
const MOST_NAMESERVERS = 3;

const always = (): boolean => true;
const nodes = ({ isNode }: PreflightInput): boolean => isNode;

function gibibytes(bytes: number): string {
  return `${(bytes / GIBIBYTE).toFixed(1)} GiB`;
}

function holder({ process, pid }: Listener): string {
  return process === undefined ? 'a process that /proc does not show' : `${process} (pid ${pid})`;
}

function takenPorts({ input, findings }: CheckSubject): string | undefined {
  const taken = findings.listeners.flatMap((listener) => {
    const need = input.ports.find(({ port }) => port === listener.port);
    if (need === undefined) return [];
    // On a second run kbs's own components listen where they should.
    if (findings.isManaged && listener.process === need.process) return [];
    return [`${need.port} (${need.component}) is held by ${holder(listener)}`];
  });
  const unique = [...new Set(taken)];
  return unique.length === 0 ? undefined : `${unique.join(', ')} — stop what listens there: ss -ltnp`;
}

function lackingAbilities({ input, findings }: CheckSubject, ...lacking: readonly string[]): readonly string[] {
  return input.kernelNeeds
    .filter(({ anyOf }) => {
      const answers = anyOf.map(({ name }) => findings.abilities.get(name) ?? 'unknown');
      const isThere = answers.some((answer) => answer !== 'missing' && answer !== 'unknown');
      // What may be there in one of several ways is missing only when all of them are.
      const verdict = answers.includes('unknown') ? 'unknown' : 'missing';
      return !isThere && lacking.includes(verdict);
    })
    .map(({ purpose, anyOf }) => `${anyOf.map(({ name }) => name).join(' or ')} (${purpose})`);
}

function fullDisks({ input, findings }: CheckSubject): string | undefined {
  const byDevice = new Map<string, { needs: DiskNeed[]; freeBytes: number }>();
  for (const need of input.disks) {
    const disk = findings.disks.get(need.path);
    if (disk === undefined) continue;
    const entry = byDevice.get(disk.device) ?? { needs: [], freeBytes: disk.freeBytes };
    entry.needs.push(need);
    byDevice.set(disk.device, entry);
  }
  const problems = [...byDevice].flatMap(([device, { needs, freeBytes }]) => {
    const needed = needs.reduce((sum, need) => sum + need.sizeBytes, 0);
    if (freeBytes >= needed) return [];
    return [`${gibibytes(freeBytes)} free on ${device}, ${gibibytes(needed)} needed for ${needs.map((need) => need.path).join(', ')}`];
  });
  return problems.length === 0 ? undefined : `${problems.join('; ')} — free space: du -xsh /var/* | sort -h`;
}

/** Another installation on the host, apart from container runtimes. */
function leftovers({ input, findings }: CheckSubject): string | undefined {
  if (findings.isManaged) return undefined;
  // A host of etcd may run whatever else it likes.
  const isForeign = (unit: string): boolean =>
    input.isNode
      ? !['etcd.service', 'docker.service', 'cri-docker.service', ...input.welcomeUnits].includes(unit)
      : unit === 'etcd.service';
  const foreignUnits = findings.units.filter(isForeign);
  const links = input.isNode ? findings.leftoverLinks.map((link) => `interface ${link}`) : [];
  const seen = [...findings.leftoverPaths, ...foreignUnits, ...links];
  if (seen.length === 0) return undefined;
  const cure = foreignUnits.includes('containerd.service')
    ? 'remove them, or keep this containerd with containerRuntime.install: package'
    : 'remove what another installer left (kubeadm reset, k3s-uninstall.sh, …) and move files away';
  return `${seen.join(', ')} — ${cure}`;
}

function resolverWarning({ host, findings }: CheckSubject): string | undefined {
  const { nameservers } = findings;
  if (nameservers === undefined) return undefined;
  if (nameservers.length === 0) return '/etc/resolv.conf names no nameserver — pods will resolve only names of the cluster';
  if (nameservers.length > MOST_NAMESERVERS)
    return `/etc/resolv.conf names ${nameservers.length} nameservers — pods get the first ${MOST_NAMESERVERS}`;
  const loops = nameservers.filter((server) => server.startsWith('127.') || server === '::1');
  if (loops.length === 0 || host.facts.usesSystemdResolved) return undefined;
  return `nameserver ${loops.join(', ')} is this host itself, in pods it is CoreDNS: a loop — set kubelet.config.resolvConf to a file with the real ones`;
}

function evictionWarning({ input, findings }: CheckSubject): string | undefined {
  const tight = input.disks.flatMap(({ path }) => {
    const disk = findings.disks.get(path);
    if (disk === undefined || disk.freeBytes >= disk.totalBytes * EVICTION_SHARE) return [];
    return [`${Math.floor((100 * disk.freeBytes) / disk.totalBytes)} % free at ${path}`];
  });
  return tight.length === 0
    ? undefined
    : `${tight.join(', ')} — below 15 % the kubelet deletes images and evicts pods: free space or set kubelet.config.evictionHard`;
}

/** What others have to reach on a host. */
function openings({ isNode, isControlPlane, runsEtcd, podNetwork }: PreflightInput): string {
  const ports = [...(isControlPlane ? [PORTS.apiServer] : []), ...(runsEtcd ? ['2379-2380'] : []), ...(isNode ? [PORTS.kubelet] : [])];
  return `${ports.join(', ')}/tcp${podNetwork === undefined ? (isNode ? ', what your pod network needs, and forwarding' : '') : `, ${podNetwork.opening} and forwarding`}`;
}

/** Checks of what is on the machine. */
export const SYSTEM_CHECKS: readonly PreflightCheck[] = [
  {
    name: 'KernelAbilities',
    level: 'error',
    appliesTo: always,
    run(subject) {
      const lacking = lackingAbilities(subject, 'missing');
      return lacking.length === 0
        ? undefined
        : `the kernel has no ${lacking.join(', ')} — boot a kernel that has it, or install linux-modules-extra`;
    },
  },
  {
    name: 'KernelAbilities',
    level: 'warning',
    appliesTo: always,
    run(subject) {
      const lacking = lackingAbilities(subject, 'unknown');
      return lacking.length === 0
        ? undefined
        : `cannot see whether the kernel has ${lacking.join(', ')} — compare zcat /proc/config.gz elsewhere`;
    },
  },
  {
    name: 'Swap',
    level: 'error',
    appliesTo: (input) => input.isNode && !input.maySwap,
    run: ({ host: { facts } }) =>
      facts.swaps.length === 0
        ? undefined
        : `${facts.swaps.map(({ device }) => device).join(', ')} in use — swapoff -a, or set preparation.swap: "off" in the cluster file`,
  },
  { name: 'Ports', level: 'error', appliesTo: always, run: takenPorts },
  { name: 'DiskSpace', level: 'error', appliesTo: always, run: fullDisks },
  { name: 'DiskSpace', level: 'warning', appliesTo: (input) => input.isNode && !input.hasOwnEvictionThresholds, run: evictionWarning },
  { name: 'Leftovers', level: 'error', appliesTo: always, run: leftovers },
  {
    name: 'RequiredCommands',
    level: 'error',
    appliesTo: always,
    run({ input, findings }) {
      const required = [...(input.isNode ? REQUIRED_COMMANDS : INSTALL_COMMANDS), ...input.furtherCommands];
      const missing = required.filter((command) => findings.missingCommands.has(command));
      return missing.length === 0 ? undefined : `${missing.join(', ')} not found — install the packages that have them`;
    },
  },
  {
    name: 'RequiredCommands',
    level: 'warning',
    appliesTo: nodes,
    run({ findings }) {
      const missing = RECOMMENDED_COMMANDS.filter((command) => findings.missingCommands.has(command));
      return missing.length === 0 ? undefined : `${missing.join(', ')} not found — advisable (port-forward, traffic shaping, diagnosis)`;
    },
  },
  {
    name: 'WritablePaths',
    level: 'error',
    appliesTo: always,
    run: ({ findings }) =>
      findings.readOnlyFolders.length === 0
        ? undefined
        : `${findings.readOnlyFolders.join(', ')} cannot be written — remount read-write, or use a distribution with a writable /usr`,
  },
  {
    name: 'Firewall',
    level: 'warning',
    appliesTo: always,
    run: ({ findings, input }) =>
      findings.firewalls.length === 0 ? undefined : `${findings.firewalls.join(', ')} active — open ${openings(input)}, or turn it off`,
  },
  {
    name: 'SELinux',
    level: 'warning',
    appliesTo: always,
    run: ({ findings }) =>
      findings.isSelinuxEnforcing ? 'SELinux is enforcing — install container-selinux, or setenforce 0 and SELINUX=permissive' : undefined,
  },
  {
    name: 'DnsResolver',
    level: 'error',
    appliesTo: nodes,
    run: ({ findings }) =>
      findings.nameservers === undefined
        ? '/etc/resolv.conf is missing — the kubelet reads it for every pod: create it (it may be empty)'
        : undefined,
  },
  { name: 'DnsResolver', level: 'warning', appliesTo: nodes, run: resolverWarning },
];
