import { isIP } from 'node:net';
import { PATHS } from '../../constants/index.js';
import { script, type Command, type Host } from '../../host/index.js';
import { FILE_MARK } from '../../render/index.js';
import { kernelAbilityCommand, parseKernelAbilities } from '../../steps/index.js';
import { FINDINGS_SCRIPT } from './findings-script.js';
import type { DiskSpace, Findings, Listener, PreflightInput } from './types.js';

/** Commands without which kbs or the kubelet cannot work. Source: kubeadm v1.25 preflight (crictl is brought by kbs). */
export const REQUIRED_COMMANDS = ['conntrack', 'ip', 'iptables', 'mount', 'nsenter', 'tar', 'gzip', 'sha256sum', 'systemctl'] as const;
/** Commands without which nothing can be installed. */
export const INSTALL_COMMANDS = ['tar', 'gzip', 'sha256sum', 'systemctl'] as const;
/** Commands some things work without. Source: kubeadm v1.25 preflight. */
export const RECOMMENDED_COMMANDS = ['ebtables', 'ethtool', 'socat', 'tc'] as const;

/** Runtimes first, then what brings a whole Kubernetes of its own. */
const UNITS_TO_LOOK_FOR = [
  'kubelet.service',
  'containerd.service',
  'etcd.service',
  'crio.service',
  'docker.service',
  'cri-docker.service',
  'k3s.service',
  'k3s-agent.service',
  'k0scontroller.service',
  'k0sworker.service',
  'rke2-server.service',
  'rke2-agent.service',
  'snap.microk8s.daemon-kubelite.service',
] as const;

function spare({ runtime: { sparedBy } }: PreflightInput): readonly string[] {
  return sparedBy === undefined ? [] : [sparedBy];
}

function findingsCommand(input: PreflightInput): Command {
  const modules = input.kernelNeeds.flatMap((need) => need.anyOf);
  const variables = {
    JOURNAL: PATHS.kbsJournal,
    PORTS: input.ports.map(({ port }) => port.toString(16).toUpperCase().padStart(4, '0')).join(' '),
    ETCD: input.etcdDataDir,
    UNITS: UNITS_TO_LOOK_FOR.join(' '),
    COMMANDS: [...REQUIRED_COMMANDS, ...RECOMMENDED_COMMANDS, ...input.furtherCommands, ...spare(input)].join(' '),
    DEVICES: input.sandboxes.flatMap(({ devices }) => devices).join(' '),
    CPU_FLAGS: input.sandboxes.flatMap(({ anyCpuFlag }) => anyCpuFlag).join(' '),
    DISKS: input.disks.map(({ path }) => path).join('\n'),
    KUBELET_FLAGS: PATHS.kubeletFlagsEnv,
    CONFLICTS: input.runtime.conflicts.join(' '),
    RUNTIME_DATA: input.runtime.stateDir,
    RUNTIME_LEFTOVERS: input.runtime.leftovers.join(' '),
    OWN_FILES: (input.endpoint?.files ?? []).join(' '),
    NEIGHBOURS: (input.podNetwork?.neighbours ?? []).join(' '),
    MARK: FILE_MARK,
    RESOLVE: input.endpoint?.provider === 'external' && isIP(input.endpoint.host) === 0 ? input.endpoint.host : '',
    FREE_ADDRESS: input.endpoint?.holdsAddress === true ? input.endpoint.host : '',
    WRITABLE: ['/etc', '/usr/bin', PATHS.localBinDir, '/opt', '/var/lib'].join(' '),
  };
  const abilities = `(\n${kernelAbilityCommand(modules).text}\n) | sed 's/^/ability /'`;
  return script([FINDINGS_SCRIPT, abilities].join('\n'), variables);
}

function parseListener(text: string): Listener {
  const [port = '', pid = '', process = ''] = text.split(' ');
  return { port: Number.parseInt(port, 16), pid: pid === '' ? undefined : Number(pid), process: process === '' ? undefined : process };
}

function parseDisk(text: string): readonly [string, DiskSpace] {
  const [path = '', device = '', total = '', free = ''] = text.split('\t');
  return [path, { device, totalBytes: Number(total) * 1024, freeBytes: Number(free) * 1024 }];
}

/** Reads the script's answer: one finding a line, its kind first. */
export function parseFindings(input: PreflightInput, answer: string): Findings {
  const lines = answer.split('\n');
  const all = (kind: string): readonly string[] =>
    lines.filter((line) => line.startsWith(`${kind} `)).map((line) => line.slice(kind.length + 1).trim());
  return {
    isManaged: all('managed').includes('yes'),
    uid: Number(all('uid')[0] ?? Number.NaN),
    listeners: all('listener').map(parseListener),
    leftoverPaths: all('path'),
    units: all('unit'),
    criSocket: all('socket')[0],
    packages: all('package'),
    hasRuntimeData: all('data').includes('runtime'),
    routedHosts: all('routed'),
    leftoverLinks: all('link'),
    missingCommands: new Set(all('missing')),
    missingDevices: new Set(all('nodevice')),
    missingCpuFlags: new Set(all('noflag')),
    readOnlyFolders: all('readonly'),
    disks: new Map(all('disk').map(parseDisk)),
    firewalls: all('firewall'),
    isSelinuxEnforcing: all('selinux').includes('enforcing'),
    nameservers: all('resolver').includes('missing') ? undefined : all('nameserver'),
    foreignFiles: all('foreign'),
    isEndpointUnknown: all('endpoint').includes('unknown'),
    isAddressAnswered: all('endpoint').includes('answered'),
    abilities: parseKernelAbilities(
      input.kernelNeeds.flatMap((need) => need.anyOf),
      all('ability').join('\n'),
    ),
  };
}

/** Findings of a host where nobody has looked. */
export function noFindings(input: PreflightInput): Findings {
  return parseFindings(input, '');
}

/** Looks at everything the checks need besides facts. Reads only. */
export async function gatherFindings(host: Host, input: PreflightInput): Promise<Findings> {
  return parseFindings(input, await host.run(findingsCommand(input)));
}
