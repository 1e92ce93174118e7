import { endpointOf, endpointProvider, hasVirtualAddress, type ClusterSpec } from '../../config/index.js';
import { etcdTopology, PATHS, PORTS } from '../../constants/index.js';
import type { Host } from '../../host/index.js';
import type { KernelModule } from '../../steps/index.js';
import { nodeEndpoint } from '../access.js';
import { runtimeOf } from '../container-runtime/index.js';
import { hostSpecOf, isControlPlane, isEtcdHost, isNode } from '../context.js';
import { hasLocalLb, KEEPALIVED_FILES } from '../endpoint/index.js';
import { kernelModulesFor } from '../prepare/index.js';
import { networkCommands, networkKernelNeeds, networkPorts } from './network-needs.js';
import { podNetworkNeed } from './pod-network-need.js';
import { sandboxNeeds } from './sandbox-needs.js';
import type { DiskNeed, EndpointNeed, PortNeed, PreflightInput } from './types.js';

const GIBIBYTE = 1024 ** 3;

const NODE_PORTS: readonly PortNeed[] = [
  { port: PORTS.kubelet, component: 'kubelet', process: 'kubelet' },
  { port: PORTS.kubeletHealth, component: 'kubelet health', process: 'kubelet' },
  { port: PORTS.kubeProxyHealth, component: 'kube-proxy health', process: 'kube-proxy' },
  { port: PORTS.kubeProxyMetrics, component: 'kube-proxy metrics', process: 'kube-proxy' },
];

const ETCD_PORTS: readonly PortNeed[] = [
  { port: PORTS.etcdClient, component: 'etcd clients', process: 'etcd' },
  { port: PORTS.etcdPeer, component: 'etcd peers', process: 'etcd' },
  { port: PORTS.etcdMetrics, component: 'etcd metrics', process: 'etcd' },
];

const CONTROL_PLANE_PORTS: readonly PortNeed[] = [
  { port: PORTS.apiServer, component: 'kube-apiserver', process: 'kube-apiserver' },
  // The kernel keeps 15 characters of a process name.
  { port: PORTS.controllerManager, component: 'kube-controller-manager', process: 'kube-controller' },
  { port: PORTS.scheduler, component: 'kube-scheduler', process: 'kube-scheduler' },
];

/** Needed of every node besides what kbs loads itself; the components load these on their own. */
const FURTHER_KERNEL_NEEDS: PreflightInput['kernelNeeds'] = [
  {
    purpose: 'service addresses',
    anyOf: [
      { name: 'nf_tables', builtInEvidence: ['CONFIG_NF_TABLES'] },
      { name: 'ip_tables', builtInEvidence: ['/proc/net/ip_tables_names', 'CONFIG_IP_NF_IPTABLES'] },
    ],
  },
  {
    purpose: 'address translation',
    anyOf: [{ name: 'nf_conntrack', builtInEvidence: ['/proc/sys/net/netfilter/nf_conntrack_max', 'CONFIG_NF_CONNTRACK'] }],
  },
  { purpose: 'pod interfaces', anyOf: [{ name: 'veth', builtInEvidence: ['CONFIG_VETH'] }] },
  { purpose: 'pod network on the host', anyOf: [{ name: 'bridge', builtInEvidence: ['CONFIG_BRIDGE'] }] },
];

const PURPOSES: Readonly<Record<string, string>> = {
  overlay: 'file systems of containers',
  br_netfilter: 'services between pods of one host',
  vxlan: 'pod network between hosts',
  ipip: 'pod network between hosts',
  tun: 'pod network between hosts',
  nf_conntrack: 'address translation',
  vhost_net: 'network of Kata’s virtual machines',
  vhost_vsock: 'sockets to Kata’s virtual machines',
};

function purposeOf({ name }: KernelModule): string {
  return PURPOSES[name] ?? (name.startsWith('ip_vs') ? 'kube-proxy in mode ipvs' : 'node');
}

/** What a host does, as far as its needs go. */
interface Duties {
  readonly isNode: boolean;
  readonly isControlPlane: boolean;
  readonly runsEtcd: boolean;
}

function portsOf({ isNode, isControlPlane, runsEtcd }: Duties): readonly PortNeed[] {
  return [...(isNode ? NODE_PORTS : []), ...(isControlPlane ? CONTROL_PLANE_PORTS : []), ...(runsEtcd ? ETCD_PORTS : [])];
}

function disksOf(
  { isNode, isControlPlane, runsEtcd }: Duties,
  { etcdDataDir, imagesDir }: { etcdDataDir: string; imagesDir: string },
): readonly DiskNeed[] {
  const etcd: readonly DiskNeed[] = runsEtcd ? [{ path: etcdDataDir, sizeBytes: GIBIBYTE, purpose: 'etcd' }] : [];
  if (!isNode) return [...etcd, { path: PATHS.artifactsDir, sizeBytes: 0.1 * GIBIBYTE, purpose: 'uploads' }];
  return [
    { path: imagesDir, sizeBytes: (isControlPlane ? 2 : 1.5) * GIBIBYTE, purpose: 'images' },
    { path: PATHS.kubeletDir, sizeBytes: 0.25 * GIBIBYTE, purpose: 'pods' },
    { path: PATHS.artifactsDir, sizeBytes: 0.5 * GIBIBYTE, purpose: 'uploads' },
    { path: PATHS.kubeletBinary, sizeBytes: 0.5 * GIBIBYTE, purpose: 'programs' },
    ...etcd,
  ];
}

function endpointPorts(spec: ClusterSpec, host: Host): readonly PortNeed[] {
  const health = { port: PORTS.endpointHealth, component: 'haproxy health', process: 'haproxy' };
  if (hasLocalLb(spec, host)) return [{ port: PORTS.apiServer, component: 'load balancer of the node', process: 'haproxy' }, health];
  if (endpointProvider(spec) !== 'keepalived' || !isControlPlane(host)) return [];
  return [{ port: endpointOf(spec).port, component: 'haproxy', process: 'haproxy' }, health];
}

function endpointNeed(spec: ClusterSpec, host: Host): EndpointNeed | undefined {
  const provider = endpointProvider(spec);
  if (provider === undefined || !isNode(host)) return undefined;
  return {
    provider,
    ...nodeEndpoint(spec),
    holdsAddress: hasVirtualAddress(provider) && isControlPlane(host),
    interface: spec.controlPlaneEndpoint?.interface,
    files: provider === 'keepalived' && isControlPlane(host) ? KEEPALIVED_FILES : [],
  };
}

/**
 * What the cluster file asks of a host. Pure.
 * @param others the other hosts of the run
 */
export function preflightInput(spec: ClusterSpec, host: Host, others: readonly Host[] = []): PreflightInput {
  const { name, address } = hostSpecOf(spec, host);
  const runtime = runtimeOf(spec, host);
  const runsControlPlane = isControlPlane(host);
  const duties = {
    isNode: isNode(host),
    isControlPlane: runsControlPlane,
    runsEtcd: isEtcdHost(host) || (runsControlPlane && etcdTopology(spec) === 'stacked'),
  };
  const { sandboxes, commands, disks } = sandboxNeeds(spec, runtime.type);
  const modules = kernelModulesFor(spec, host);
  const isLoaded = ({ name }: KernelModule): boolean => modules.some((module) => module.name === name);
  const kernelNeeds = [
    ...modules.map((module) => ({ purpose: purposeOf(module), anyOf: [module] })),
    ...FURTHER_KERNEL_NEEDS.filter(({ anyOf }) => !anyOf.some(isLoaded)),
    ...networkKernelNeeds(spec),
  ];
  return {
    nodeName: name,
    address,
    ...duties,
    ports: [...portsOf(duties), ...endpointPorts(spec, host), ...(duties.isNode ? networkPorts(spec) : [])],
    disks: [...disksOf(duties, { etcdDataDir: spec.etcd.dataDir, imagesDir: runtime.stateDir }), ...(duties.isNode ? disks : [])],
    kernelNeeds: duties.isNode ? kernelNeeds : [],
    sandboxes: duties.isNode ? sandboxes : [],
    furtherCommands: duties.isNode ? [...networkCommands(spec), ...commands] : [],
    maySwap: spec.preparation.swap === 'off' || spec.kubelet.config['failSwapOn'] === false,
    cgroupDriver: spec.containerRuntime.cgroupDriver,
    welcomeUnits: runtime.welcomeUnits,
    runtime: {
      title: runtime.title,
      unit: runtime.unit,
      criSocket: runtime.criSocket,
      conflicts: runtime.conflicts,
      isPackaged: runtime.packages !== undefined,
      sparedBy: runtime.packages?.sparedBy,
      leftovers: runtime.leftovers,
      stateDir: runtime.stateDir,
    },
    etcdDataDir: spec.etcd.dataDir,
    endpoint: endpointNeed(spec, host),
    podNetwork: duties.isNode ? podNetworkNeed(spec, host, others) : undefined,
    hasOwnEvictionThresholds: spec.kubelet.config['evictionHard'] !== undefined,
  };
}
