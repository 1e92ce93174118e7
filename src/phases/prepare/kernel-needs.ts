import type { ClusterSpec } from '../../config/index.js';
import { runtimeChoice, runtimeClassesWith, type RuntimeClassName } from '../../constants/index.js';
import type { KernelModule } from '../../steps/index.js';

/** The part of a cluster file that decides on modules. */
type ModulesRequest = Pick<ClusterSpec, 'network' | 'containerRuntime' | 'hosts' | 'runtimeClasses'>;

const OVERLAY: KernelModule = { name: 'overlay', builtInEvidence: ['/proc/filesystems#overlay', 'CONFIG_OVERLAY_FS'] };
const BRIDGE_FILTER: KernelModule = {
  name: 'br_netfilter',
  builtInEvidence: ['/proc/sys/net/bridge/bridge-nf-call-iptables', 'CONFIG_BRIDGE_NETFILTER'],
};
const VXLAN: KernelModule = { name: 'vxlan', builtInEvidence: ['CONFIG_VXLAN'] };
const TUN: KernelModule = { name: 'tun', builtInEvidence: ['/proc/misc#tun', 'CONFIG_TUN'] };

/** What flannel's backends need. */
const BACKEND_MODULES: Readonly<Record<ClusterSpec['network']['cni']['backend'], readonly KernelModule[]>> = {
  vxlan: [VXLAN],
  'host-gw': [],
  udp: [TUN],
};

const IPIP: KernelModule = { name: 'ipip', builtInEvidence: ['CONFIG_NET_IPIP'] };

/** The tunnel of Calico's mode. */
function calicoModules(mode: ClusterSpec['network']['cni']['calico']['mode']): readonly KernelModule[] {
  if (mode === 'ipip') return [IPIP];
  return mode === 'bgp' ? [] : [VXLAN];
}

/**
 * What kube-proxy looks for before it does services by IPVS; without one of them it quietly does them by iptables.
 * Source: kube-proxy v1.25 ipvs/proxier.go (CanUseIPVSProxier), util/ipvs (GetRequiredIPVSModules).
 */
function ipvsModules(scheduler: string): readonly KernelModule[] {
  const schedulers = [...new Set(['rr', 'wrr', 'sh', scheduler])];
  return [
    { name: 'ip_vs', builtInEvidence: ['/proc/net/ip_vs', 'CONFIG_IP_VS'] },
    ...schedulers.map((name) => ({ name: `ip_vs_${name}`, builtInEvidence: [`CONFIG_IP_VS_${name.toUpperCase()}`] })),
    { name: 'nf_conntrack', builtInEvidence: ['/proc/sys/net/netfilter/nf_conntrack_max', 'CONFIG_NF_CONNTRACK'] },
  ];
}

/** What sandboxes need. Source: kata-check_amd64.go of Kata 3.1; what hosts virtual machines is loaded with the CPU's own module. */
const SANDBOX_MODULES: Readonly<Record<RuntimeClassName, readonly KernelModule[]>> = {
  gvisor: [],
  kata: [
    { name: 'vhost_net', builtInEvidence: ['/proc/misc#vhost-net', 'CONFIG_VHOST_NET'] },
    { name: 'vhost_vsock', builtInEvidence: ['/proc/misc#vhost-vsock', 'CONFIG_VHOST_VSOCK'] },
  ],
};

/**
 * What kbs loads on a node and keeps loaded over a reboot: container file systems, filtered bridges, the pod network's tunnel, sandboxes.
 * @param host undefined: one of which the cluster file says nothing
 */
export function kernelModulesFor(spec: ModulesRequest, host?: { readonly name: string }): readonly KernelModule[] {
  const { cni, kubeProxy } = spec.network;
  return [
    OVERLAY,
    BRIDGE_FILTER,
    ...(cni.type === 'flannel' ? BACKEND_MODULES[cni.backend] : []),
    ...(cni.type === 'calico' ? calicoModules(cni.calico.mode) : []),
    ...runtimeClassesWith(runtimeChoice(spec, host?.name).type, spec.runtimeClasses).flatMap((name) => SANDBOX_MODULES[name]),
    ...(kubeProxy.mode === 'ipvs' ? ipvsModules(kubeProxy.ipvs.scheduler) : []),
  ];
}

/** Kernel settings of every node. Source: kubeadm v1.25 preflight checks FileContent--proc-sys-net-*. */
export const NODE_SYSCTLS: Readonly<Record<string, string>> = {
  'net.ipv4.ip_forward': '1',
  'net.bridge.bridge-nf-call-iptables': '1',
  'net.bridge.bridge-nf-call-ip6tables': '1',
};
