import { nodeHosts, type ClusterSpec } from '../../config/index.js';
import { PORTS } from '../../constants/index.js';
import { usesKubeRouter } from '../../versions/index.js';
import { speaksBgp, typhaReplicasFor } from '../pod-network/index.js';
import type { PortNeed, PreflightInput } from './types.js';

type KernelNeeds = PreflightInput['kernelNeeds'];

/** Rules that name sets of addresses: kube-proxy's in mode ipvs, Calico's. The kernel loads these when they are asked for. */
const SETS: KernelNeeds = [
  { purpose: 'sets of addresses', anyOf: [{ name: 'ip_set', builtInEvidence: ['CONFIG_IP_SET'] }] },
  { purpose: 'rules on sets', anyOf: [{ name: 'xt_set', builtInEvidence: ['CONFIG_NETFILTER_XT_SET'] }] },
];

/** Source: kube-proxy v1.25 ipvs/netlink_linux.go. */
const IPVS: KernelNeeds = [{ purpose: 'interface kube-ipvs0', anyOf: [{ name: 'dummy', builtInEvidence: ['CONFIG_DUMMY'] }] }];

/** Source: Calico v3.25, system requirements; what the rules of its Felix match on. */
const CALICO: KernelNeeds = [
  { purpose: 'marks of Calico’s rules', anyOf: [{ name: 'xt_mark', builtInEvidence: ['CONFIG_NETFILTER_XT_MARK'] }] },
  { purpose: 'ports of policies', anyOf: [{ name: 'xt_multiport', builtInEvidence: ['CONFIG_NETFILTER_XT_MATCH_MULTIPORT'] }] },
  { purpose: 'local addresses in rules', anyOf: [{ name: 'xt_addrtype', builtInEvidence: ['CONFIG_NETFILTER_XT_MATCH_ADDRTYPE'] }] },
  // A file system, no module: its folder is there when the kernel has it.
  { purpose: '/sys/fs/bpf, which Calico mounts', anyOf: [{ name: 'bpf', builtInEvidence: ['/sys/fs/bpf'] }] },
];

/** With these kbs takes away what kube-proxy leaves behind of mode ipvs. */
const IPVS_COMMANDS = ['ipset', 'ipvsadm'] as const;

const KUBE_ROUTER_PORTS: readonly PortNeed[] = [{ port: PORTS.kubeRouterHealth, component: 'kube-router health', process: 'kube-router' }];

const KUBE_ROUTER_BGP_PORTS: readonly PortNeed[] = [
  { port: PORTS.bgp, component: 'BGP', process: 'kube-router' },
  { port: PORTS.kubeRouterBgpApi, component: 'kube-router’s own API', process: 'kube-router' },
];

function uses({ network }: ClusterSpec) {
  return { ipvs: network.kubeProxy.mode === 'ipvs', calico: network.cni.type === 'calico', router: usesKubeRouter({ network }) };
}

/** What the kernel must have for services and the pod network, besides what kbs loads itself. */
export function networkKernelNeeds(spec: ClusterSpec): KernelNeeds {
  const { ipvs, calico, router } = uses(spec);
  return [...(ipvs ? IPVS : []), ...(calico ? CALICO : []), ...(ipvs || calico || router ? SETS : [])];
}

/** Commands of a host that services and the pod network need. */
export function networkCommands(spec: ClusterSpec): readonly string[] {
  const { ipvs, calico, router } = uses(spec);
  if (ipvs) return IPVS_COMMANDS;
  // Sets of Calico and kube-router are taken away with it.
  return calico || router ? ['ipset'] : [];
}

/** Ports that the pod network listens on. */
export function networkPorts(spec: ClusterSpec): readonly PortNeed[] {
  const { calico, router } = uses(spec);
  if (router) return spec.network.cni.type === 'kube-router' ? [...KUBE_ROUTER_PORTS, ...KUBE_ROUTER_BGP_PORTS] : KUBE_ROUTER_PORTS;
  if (!calico) return [];
  const bgp: PortNeed = { port: PORTS.bgp, component: 'BGP', process: 'bird' };
  const typha: readonly PortNeed[] = [
    { port: PORTS.typha, component: 'Typha', process: 'calico-typha' },
    { port: PORTS.typhaHealth, component: 'Typha health', process: 'calico-typha' },
  ];
  return [
    { port: PORTS.felixHealth, component: 'Calico health', process: 'calico-node' },
    ...(speaksBgp(spec.network.cni.calico.mode) ? [bgp] : []),
    ...(typhaReplicasFor(nodeHosts(spec).length) > 0 ? typha : []),
  ];
}
