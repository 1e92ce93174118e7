import { describe, expect, test } from 'vitest';
import type { HostFacts } from '../../../../src/host/index.js';
import {
  PREFLIGHT_CHECKS,
  runChecks,
  type CheckResult,
  type Findings,
  type NetworkNeed,
  type PreflightInput,
  type SandboxNeed,
} from '../../../../src/phases/preflight/index.js';
import { memoryHost } from '../../../support/memory-host.js';

const GIBIBYTE = 1024 ** 3;
const FREE = { device: '/dev/vda1', freeBytes: 80 * GIBIBYTE, totalBytes: 100 * GIBIBYTE };

const WORKER: PreflightInput = {
  nodeName: 'w1',
  address: '10.0.0.21',
  isNode: true,
  isControlPlane: false,
  runsEtcd: false,
  ports: [{ port: 10250, component: 'kubelet', process: 'kubelet' }],
  disks: [
    { path: '/var/lib/containerd', sizeBytes: 2 * GIBIBYTE, purpose: 'images' },
    { path: '/var/lib/etcd', sizeBytes: GIBIBYTE, purpose: 'etcd' },
  ],
  kernelNeeds: [
    { purpose: 'containers', anyOf: [{ name: 'overlay' }] },
    { purpose: 'services', anyOf: [{ name: 'nf_tables' }, { name: 'ip_tables' }] },
  ],
  furtherCommands: [],
  sandboxes: [],
  maySwap: false,
  cgroupDriver: 'systemd',
  welcomeUnits: [],
  runtime: {
    title: 'containerd',
    unit: 'containerd.service',
    criSocket: 'unix:///var/run/containerd/containerd.sock',
    conflicts: [],
    isPackaged: false,
    sparedBy: undefined,
    leftovers: [],
    stateDir: '/var/lib/containerd',
  },
  etcdDataDir: '/var/lib/etcd',
  endpoint: undefined,
  podNetwork: undefined,
  hasOwnEvictionThresholds: false,
};
const DOCKER: PreflightInput = {
  ...WORKER,
  runtime: {
    title: 'Docker Engine',
    unit: 'cri-docker.service',
    criSocket: 'unix:///var/run/cri-dockerd.sock',
    conflicts: ['docker-ce'],
    isPackaged: true,
    sparedBy: undefined,
    leftovers: [],
    stateDir: '/var/lib/docker',
  },
};
const CRIO: PreflightInput = {
  ...WORKER,
  runtime: {
    title: 'CRI-O',
    unit: 'crio.service',
    criSocket: 'unix:///var/run/crio/crio.sock',
    conflicts: [],
    isPackaged: true,
    sparedBy: 'skopeo',
    leftovers: ['/etc/crio/crio.conf'],
    stateDir: '/var/lib/containers',
  },
};
const NETWORK: NetworkNeed = {
  title: 'flannel with backend host-gw',
  overheadBytes: 50,
  mtu: undefined,
  opening: '8472/udp',
  choice: undefined,
  link: { name: 'eth0', mtu: 1500 },
  otherLinks: [{ host: 'w2', mtu: 1500 }],
  neighbours: [],
};
const CONTROL_PLANE: PreflightInput = { ...WORKER, isControlPlane: true, runsEtcd: true };

const GVISOR: SandboxNeed = {
  className: 'gvisor',
  title: 'gVisor',
  lowersOomScore: true,
  architectures: undefined,
  devices: [],
  anyCpuFlag: [],
  cure: 'wish',
};

const CLEAN: Findings = {
  isManaged: false,
  uid: 0,
  listeners: [],
  leftoverPaths: [],
  units: [],
  criSocket: undefined,
  packages: [],
  hasRuntimeData: false,
  leftoverLinks: [],
  routedHosts: [],
  missingCommands: new Set(),
  missingDevices: new Set(),
  missingCpuFlags: new Set(),
  readOnlyFolders: [],
  disks: new Map([
    ['/var/lib/containerd', FREE],
    ['/var/lib/etcd', FREE],
  ]),
  firewalls: [],
  isSelinuxEnforcing: false,
  foreignFiles: [],
  isEndpointUnknown: false,
  isAddressAnswered: false,
  nameservers: ['10.0.0.53'],
  abilities: new Map([
    ['overlay', 'built-in'],
    ['nf_tables', 'loadable'],
    ['ip_tables', 'missing'],
  ]),
};

interface Case {
  readonly facts?: Partial<HostFacts>;
  readonly findings?: Partial<Findings>;
  readonly input?: Partial<PreflightInput>;
  readonly other?: Partial<HostFacts>;
  readonly mayChangeRuntime?: boolean;
}

function results({ facts = {}, findings = {}, input = {}, other = {}, mayChangeRuntime = false }: Case): readonly CheckResult[] {
  const neighbour = memoryHost({
    name: 'w2',
    address: '10.0.0.22',
    facts: { machineId: 'f'.repeat(32), productUuid: 'another', ...other },
  });
  return runChecks({
    host: memoryHost({ facts }),
    input: { ...WORKER, ...input },
    findings: { ...CLEAN, ...findings },
    others: [neighbour],
    mayChangeRuntime,
  });
}

const ETH0 = { name: 'eth0', mac: '', mtu: 1500, addresses: ['10.0.0.21'] };

function anEndpoint(more: Partial<NonNullable<PreflightInput['endpoint']>> = {}): PreflightInput['endpoint'] {
  const files = ['/etc/haproxy/haproxy.cfg'];
  return { provider: 'keepalived', host: '10.0.0.9', port: 8443, holdsAddress: true, interface: undefined, files, ...more };
}

/** name, level, a case in which it fires with a word it must say, a near miss in which it does not. */
const CASES: readonly (readonly [string, 'error' | 'warning', Case, RegExp, Case])[] = [
  ['Root', 'error', { findings: { uid: 1000 } }, /uid 1000/, { findings: { uid: 0 } }],
  ['Root', 'error', { facts: { privilegeProblem: 'sudo wants a password' } }, /sudo wants a password/, {}],
  [
    'Sandboxes',
    'error',
    { input: { ...WORKER, sandboxes: [GVISOR] }, facts: { hasCapSysResource: false } },
    /CAP_SYS_RESOURCE.*runtimeClasses/,
    { facts: { hasCapSysResource: false } },
  ],
  ['Systemd', 'error', { facts: { init: 'openrc-init' } }, /openrc-init/, { facts: { init: 'systemd' } }],
  ['Architecture', 'error', { facts: { architecture: 'riscv64' } }, /riscv64/, { facts: { architecture: 'arm64' } }],
  [
    'OperatingSystem',
    'warning',
    { facts: { os: { id: 'nixos', versionId: '23', prettyName: 'NixOS 23', idLike: [] } } },
    /NixOS 23/,
    { facts: { os: { id: 'opensuse-leap', versionId: '15', prettyName: 'openSUSE', idLike: ['suse', 'opensuse'] } } },
  ],
  [
    'EndpointName',
    'error',
    { input: { endpoint: anEndpoint({ provider: 'external' }) }, findings: { isEndpointUnknown: true } },
    /no IPv4 address here/,
    { input: { endpoint: anEndpoint({ provider: 'external' }) } },
  ],
  [
    'EndpointInterface',
    'error',
    { input: { endpoint: anEndpoint({ interface: 'bond0' }) }, facts: { interfaces: [ETH0] } },
    /no interface bond0 \(eth0\)/,
    { input: { endpoint: anEndpoint() }, facts: { interfaces: [ETH0] } },
  ],
  [
    'EndpointAddress',
    'error',
    { input: { endpoint: anEndpoint() }, findings: { isAddressAnswered: true } },
    /10\.0\.0\.9 answers already/,
    { input: { endpoint: anEndpoint() }, findings: { isAddressAnswered: true }, other: { addresses: ['10.0.0.22', '10.0.0.9'] } },
  ],
  [
    'EndpointPackages',
    'error',
    { input: { endpoint: anEndpoint() }, facts: { packageManager: 'dnf' } },
    /apt/,
    { input: { endpoint: anEndpoint({ provider: 'kube-vip' }) }, facts: { packageManager: 'dnf' } },
  ],
  [
    'EndpointFiles',
    'error',
    { input: { endpoint: anEndpoint() }, findings: { foreignFiles: ['/etc/haproxy/haproxy.cfg'] } },
    /haproxy\.cfg of somebody else/,
    { input: { endpoint: anEndpoint() } },
  ],
  ['KernelVersion', 'error', { facts: { kernelRelease: '2.6.32-754.el6' } }, /2\.6\.32/, { facts: { kernelRelease: '3.10.0-1160.el7' } }],
  ['KernelVersion', 'warning', { facts: { kernelRelease: '4.18.0-80' } }, /4\.18/, { facts: { kernelRelease: '4.19.0' } }],
  ['Cgroups', 'error', { facts: { cgroupControllers: ['cpu', 'cpuset', 'pids'] } }, /memory.*cgroup_enable=memory/, {}],
  [
    'Cgroups',
    'error',
    { facts: { cgroupVersion: 'v1', cgroupControllers: ['cpu', 'cpuset', 'memory', 'pids', 'cpuacct', 'devices'] } },
    /v1 without freezer/,
    { facts: { cgroupVersion: 'v1', cgroupControllers: ['cpu', 'cpuset', 'memory', 'pids', 'cpuacct', 'devices', 'freezer'] } },
  ],
  [
    'Cgroups',
    'warning',
    { input: { cgroupDriver: 'cgroupfs' } },
    /cgroupDriver: systemd/,
    { input: { cgroupDriver: 'cgroupfs' }, facts: { cgroupVersion: 'v1', cgroupControllers: [] } },
  ],
  [
    'Memory',
    'error',
    { input: CONTROL_PLANE, facts: { memoryBytes: 1.5 * GIBIBYTE } },
    /1536 MiB/,
    { facts: { memoryBytes: 1.5 * GIBIBYTE } },
  ],
  ['Memory', 'warning', { facts: { memoryBytes: 0.5 * GIBIBYTE } }, /512 MiB/, { facts: { memoryBytes: GIBIBYTE } }],
  ['Cpus', 'error', { input: CONTROL_PLANE, facts: { cpus: 1 } }, /1 CPU/, { facts: { cpus: 1 } }],
  [
    'KernelAbilities',
    'error',
    {
      findings: {
        abilities: new Map([
          ['overlay', 'missing'],
          ['nf_tables', 'missing'],
          ['ip_tables', 'missing'],
        ]),
      },
    },
    /overlay \(containers\), nf_tables or ip_tables \(services\)/,
    {
      findings: {
        abilities: new Map([
          ['overlay', 'loaded'],
          ['nf_tables', 'missing'],
          ['ip_tables', 'built-in'],
        ]),
      },
    },
  ],
  [
    'KernelAbilities',
    'warning',
    {
      findings: {
        abilities: new Map([
          ['overlay', 'unknown'],
          ['nf_tables', 'loaded'],
        ]),
      },
    },
    /cannot see whether the kernel has overlay/,
    {
      findings: {
        abilities: new Map([
          ['overlay', 'missing'],
          ['nf_tables', 'loaded'],
        ]),
      },
    },
  ],
  [
    'Swap',
    'error',
    { facts: { swaps: [{ device: '/dev/sda2', type: 'partition', sizeKiB: 1 }] } },
    /\/dev\/sda2.*swapoff/,
    { facts: { swaps: [{ device: '/dev/sda2', type: 'partition', sizeKiB: 1 }] }, input: { maySwap: true } },
  ],
  [
    'Ports',
    'error',
    { findings: { listeners: [{ port: 10250, pid: 7, process: 'nginx' }] } },
    /10250 \(kubelet\) is held by nginx \(pid 7\)/,
    { findings: { listeners: [{ port: 8080, pid: 7, process: 'nginx' }] } },
  ],
  [
    'Ports',
    'error',
    { findings: { listeners: [{ port: 10250, pid: 7, process: 'kubelet' }], isManaged: false } },
    /held by kubelet/,
    { findings: { listeners: [{ port: 10250, pid: 7, process: 'kubelet' }], isManaged: true } },
  ],
  [
    'Ports',
    'error',
    { findings: { listeners: [{ port: 10250, pid: undefined, process: undefined }], isManaged: true } },
    /a process that \/proc does not show/,
    {},
  ],
  [
    'DiskSpace',
    'error',
    {
      findings: {
        disks: new Map([
          ['/var/lib/containerd', { ...FREE, freeBytes: 2.5 * GIBIBYTE }],
          ['/var/lib/etcd', { ...FREE, freeBytes: 2.5 * GIBIBYTE }],
        ]),
      },
    },
    /2\.5 GiB free on \/dev\/vda1, 3\.0 GiB needed for \/var\/lib\/containerd, \/var\/lib\/etcd/,
    {
      findings: {
        disks: new Map([
          ['/var/lib/containerd', { ...FREE, freeBytes: 2.5 * GIBIBYTE }],
          ['/var/lib/etcd', { ...FREE, device: '/dev/vdb', freeBytes: 1.5 * GIBIBYTE }],
        ]),
      },
    },
  ],
  [
    'DiskSpace',
    'warning',
    { findings: { disks: new Map([['/var/lib/containerd', { ...FREE, freeBytes: 14 * GIBIBYTE }]]) } },
    /14 % free/,
    {
      findings: { disks: new Map([['/var/lib/containerd', { ...FREE, freeBytes: 14 * GIBIBYTE }]]) },
      input: { hasOwnEvictionThresholds: true },
    },
  ],
  [
    'Leftovers',
    'error',
    { findings: { leftoverPaths: ['/etc/kubernetes/admin.conf'], leftoverLinks: ['cni0'], units: ['kubelet.service'] } },
    /\/etc\/kubernetes\/admin\.conf, kubelet\.service, interface cni0 — .*kubeadm reset/,
    { findings: { leftoverPaths: ['/etc/kubernetes/admin.conf'], leftoverLinks: ['cni0'], isManaged: true } },
  ],
  [
    'Leftovers',
    'error',
    { findings: { units: ['containerd.service'] } },
    /install: package/,
    { findings: { units: ['containerd.service'] }, input: { welcomeUnits: ['containerd.service'] } },
  ],
  [
    'OtherRuntimes',
    'warning',
    { findings: { units: ['docker.service'] } },
    /docker\.service.*FORWARD/,
    { findings: { units: ['docker.service'] }, input: DOCKER },
  ],
  [
    'RuntimeChange',
    'error',
    { findings: { criSocket: 'unix:///run/cri-dockerd.sock', isManaged: true } },
    /works with unix:\/\/\/run\/cri-dockerd\.sock, not with containerd — .*kbs apply/,
    { findings: { criSocket: 'unix:///run/cri-dockerd.sock' }, input: DOCKER },
  ],
  [
    'RuntimeChange',
    'error',
    { findings: { criSocket: 'unix:///run/cri-dockerd.sock' } },
    /kbs apply/,
    { findings: { criSocket: 'unix:///run/cri-dockerd.sock' }, mayChangeRuntime: true },
  ],
  ['RuntimePackages', 'error', { findings: { packages: ['docker-ce'] }, input: DOCKER }, /docker-ce would have to leave/, {}],
  [
    'RuntimePackages',
    'error',
    { findings: { missingCommands: new Set(['skopeo']) }, facts: { packageManager: 'dnf' }, input: CRIO },
    /skopeo, which loads image archives for CRI-O, is not there, and .* has no apt/,
    { facts: { packageManager: 'dnf' }, input: CRIO },
  ],
  [
    'RuntimeData',
    'error',
    { findings: { hasRuntimeData: true, units: ['docker.service'] }, input: CRIO },
    /\/var\/lib\/containers holds data/,
    { findings: { hasRuntimeData: true, isManaged: true }, input: CRIO },
  ],
  [
    'RuntimeData',
    'error',
    { findings: { hasRuntimeData: true }, input: DOCKER },
    /\/var\/lib\/docker holds data/,
    { findings: { hasRuntimeData: true, units: ['docker.service'] }, input: DOCKER },
  ],
  [
    'RequiredCommands',
    'error',
    { findings: { missingCommands: new Set(['conntrack', 'socat']) } },
    /^conntrack not found/,
    { findings: { missingCommands: new Set(['socat']) } },
  ],
  ['RequiredCommands', 'warning', { findings: { missingCommands: new Set(['conntrack', 'socat']) } }, /^socat not found/, {}],
  ['WritablePaths', 'error', { findings: { readOnlyFolders: ['/usr/bin'] } }, /\/usr\/bin cannot be written/, {}],
  ['Firewall', 'warning', { findings: { firewalls: ['ufw'] }, input: CONTROL_PLANE }, /ufw active — open 6443, 2379-2380, 10250\/tcp/, {}],
  ['SELinux', 'warning', { findings: { isSelinuxEnforcing: true } }, /container-selinux/, {}],
  ['DnsResolver', 'error', { findings: { nameservers: undefined } }, /resolv\.conf is missing/, { findings: { nameservers: [] } }],
  ['DnsResolver', 'warning', { findings: { nameservers: [] } }, /no nameserver/, { findings: { nameservers: undefined } }],
  ['DnsResolver', 'warning', { findings: { nameservers: ['1.1.1.1', '2.2.2.2', '3.3.3.3', '4.4.4.4'] } }, /4 nameservers/, {}],
  [
    'DnsResolver',
    'warning',
    { findings: { nameservers: ['127.0.0.1'] } },
    /a loop/,
    { findings: { nameservers: ['127.0.0.53'] }, facts: { usesSystemdResolved: true } },
  ],
  ['Hostname', 'error', { facts: { hostname: 'same' }, other: { hostname: 'same' } }, /same like w2/, {}],
  [
    'Hostname',
    'error',
    { facts: { hostname: 'w2' }, other: { hostname: 'elsewhere' } },
    /another host of the cluster file/,
    { facts: { hostname: 'free-choice' } },
  ],
  ['Hostname', 'warning', { facts: { hostname: 'localhost.localdomain' } }, /localhost/, {}],
  ['MachineId', 'error', { facts: { machineId: '' } }, /machine-id is ""/, {}],
  [
    'MachineId',
    'error',
    { facts: { machineId: 'a'.repeat(32) }, other: { machineId: 'a'.repeat(32) } },
    /as w2/,
    { facts: { machineId: 'a'.repeat(32) } },
  ],
  [
    'ProductUuid',
    'warning',
    { facts: { productUuid: 'u' }, other: { productUuid: 'u' } },
    /as w2/,
    { facts: { productUuid: undefined }, other: { productUuid: undefined } },
  ],
  ['Addresses', 'error', { facts: { addresses: ['192.0.2.1'] } }, /10\.0\.0\.21 is on none.*192\.0\.2\.1/, {}],
  [
    'PodNetworkInterface',
    'error',
    { input: { podNetwork: { ...NETWORK, choice: 'interfaceCidr: 192.0.2.0/24', link: undefined } } },
    /fits interfaceCidr: 192\.0\.2\.0\/24 \(.*network\.cni/,
    { input: { podNetwork: { ...NETWORK, choice: 'interfaceCidr: 192.0.2.0/24' } } },
  ],
  [
    'PodNetworkSegment',
    'error',
    { input: { podNetwork: NETWORK }, findings: { routedHosts: ['10.0.1.22 10.0.0.1'] } },
    /10\.0\.1\.22 is behind the router 10\.0\.0\.1.*host-gw needs all hosts on one segment.*backend: vxlan/,
    { input: { podNetwork: NETWORK } },
  ],
  [
    'PodNetworkMtu',
    'error',
    { input: { podNetwork: { ...NETWORK, link: { name: 'eth0', mtu: 625 }, otherLinks: [] } } },
    /eth0 carries packets of 625 bytes/,
    { input: { podNetwork: { ...NETWORK, link: { name: 'eth0', mtu: 626 }, otherLinks: [] } } },
  ],
  [
    'PodNetworkMtu',
    'error',
    { input: { podNetwork: { ...NETWORK, mtu: 1451 } } },
    /1451 bytes are too long for eth0: it carries 1500, .* takes 50 of them — set an mtu of 1450 or less/,
    { input: { podNetwork: { ...NETWORK, mtu: 1450 } } },
  ],
  [
    'PodNetworkMtu',
    'warning',
    { input: { podNetwork: { ...NETWORK, otherLinks: [{ host: 'w2', mtu: 1400 }] } } },
    /1400 on w2/,
    { input: { podNetwork: { ...NETWORK, otherLinks: [{ host: 'w2', mtu: 9000 }] } } },
  ],
  ['Addresses', 'error', { other: { addresses: ['10.0.0.21'] } }, /also on w2/, {}],
  ['ClockSkew', 'error', { facts: { clockSkewMs: -20_000 } }, /20\.0 s behind/, { facts: { clockSkewMs: -9_000 } }],
  ['ClockSkew', 'error', { facts: { clockSkewMs: 6_000 }, other: { clockSkewMs: -6_000 } }, /12\.0 s ahead of w2/, {}],
  ['ClockSkew', 'warning', { facts: { clockSkewMs: 3_000 } }, /3\.0 s ahead of/, { facts: { clockSkewMs: 900 } }],
  ['MixedArchitectures', 'warning', { other: { architecture: 'arm64' } }, /unlike w2/, {}],
];

describe('preflight checks', () => {
  test('an ordinary host passes every check without a warning', () => {
    expect(results({})).toEqual([]);
    expect(results({ input: CONTROL_PLANE })).toEqual([]);
  });

  test.each(CASES)('%s (%s) fires where it should: case %#', (name, level, fires, says) => {
    const found = results(fires).filter((result) => result.name === name && result.level === level);
    expect(found).toHaveLength(1);
    expect(found[0]?.text).toMatch(says);
    expect(found[0]?.text).toContain(' — ');
  });

  test.each(CASES)('%s (%s) lets the near miss pass: case %#', (name, level, _fires, _says, passes) => {
    expect(results(passes).filter((result) => result.name === name && result.level === level)).toEqual([]);
  });

  test('every check stands in the table of cases', () => {
    const tested = new Set(CASES.map(([name, level]) => `${name} ${level}`));
    expect(PREFLIGHT_CHECKS.map(({ name, level }) => `${name} ${level}`).filter((key) => !tested.has(key))).toEqual([]);
    expect(PREFLIGHT_CHECKS.every(({ name }) => /^[A-Z][A-Za-z]+$/.test(name))).toBe(true);
  });
});
