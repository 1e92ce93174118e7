import type { ClusterSpec } from '../../config/index.js';
import type { KernelModule } from '../../steps/index.js';

const OVERLAY: KernelModule = { name: 'overlay', builtInEvidence: ['/proc/filesystems#overlay', 'CONFIG_OVERLAY_FS'] };
const BRIDGE_FILTER: KernelModule = {
  name: 'br_netfilter',
  builtInEvidence: ['/proc/sys/net/bridge/bridge-nf-call-iptables', 'CONFIG_BRIDGE_NETFILTER'],
};
const VXLAN: KernelModule = { name: 'vxlan', builtInEvidence: ['CONFIG_VXLAN'] };

/** What kbs loads on every host and keeps loaded over a reboot: container file systems, filtered bridges, the pod network's tunnel. */
export function kernelModulesFor(spec: Pick<ClusterSpec, 'network'>): readonly KernelModule[] {
  const { type, backend } = spec.network.cni;
  return type === 'flannel' && backend === 'vxlan' ? [OVERLAY, BRIDGE_FILTER, VXLAN] : [OVERLAY, BRIDGE_FILTER];
}

/** Kernel settings of every node. Source: kubeadm v1.25 preflight checks FileContent--proc-sys-net-*. */
export const NODE_SYSCTLS: Readonly<Record<string, string>> = {
  'net.ipv4.ip_forward': '1',
  'net.bridge.bridge-nf-call-iptables': '1',
  'net.bridge.bridge-nf-call-ip6tables': '1',
};
