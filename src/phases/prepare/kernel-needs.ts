import type { ClusterSpec } from '../../config/index.js';
import type { KernelModule } from '../../steps/index.js';

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

/** What kbs loads on every host and keeps loaded over a reboot: container file systems, filtered bridges, the pod network's tunnel. */
export function kernelModulesFor(spec: Pick<ClusterSpec, 'network'>): readonly KernelModule[] {
  const { cni, kubeProxy } = spec.network;
  return [
    OVERLAY,
    BRIDGE_FILTER,
    ...(cni.type === 'flannel' ? BACKEND_MODULES[cni.backend] : []),
    ...(cni.type === 'calico' ? calicoModules(cni.calico.mode) : []),
    ...(kubeProxy.mode === 'ipvs' ? ipvsModules(kubeProxy.ipvs.scheduler) : []),
  ];
}

/** Kernel settings of every node. Source: kubeadm v1.25 preflight checks FileContent--proc-sys-net-*. */
export const NODE_SYSCTLS: Readonly<Record<string, string>> = {
  'net.ipv4.ip_forward': '1',
  'net.bridge.bridge-nf-call-iptables': '1',
  'net.bridge.bridge-nf-call-ip6tables': '1',
};
