import { nodeHosts, type ClusterSpec } from '../../config/index.js';
import { CALICO_VXLAN_PORT, FLANNEL_UDP_PORT, FLANNEL_VXLAN_PORT, PORTS } from '../../constants/index.js';
import type { CalicoMode } from './calico-container.js';
import { typhaReplicasFor } from './calico.js';

/** What each way of packets between hosts makes on a host, and costs. Source: flannel 0.19 backend/*, kube-router 1.3 routing, Felix v3.25 dataplane/linux. */
export interface NetworkMode {
  readonly title: string;
  /** Bridge that pods of a host hang on; undefined: each has a link and a route of its own. */
  readonly bridge: 'cni0' | 'kube-bridge' | undefined;
  /** Link that packets to other hosts go through; undefined: the host's own. */
  readonly tunnel: 'flannel.1' | 'flannel0' | 'vxlan.calico' | 'tunl0' | undefined;
  /** Bytes that encapsulation takes of every packet. */
  readonly overheadBytes: number;
  /** What other hosts have to reach. */
  readonly opening: string;
  /** Hosts have to be neighbours: nothing encapsulates, and routers between them know nothing of pods. */
  readonly needsOneSegment: boolean;
}

const FLANNEL: Readonly<Record<ClusterSpec['network']['cni']['backend'], NetworkMode>> = {
  vxlan: {
    title: 'flannel with backend vxlan',
    bridge: 'cni0',
    tunnel: 'flannel.1',
    overheadBytes: 50,
    opening: `${FLANNEL_VXLAN_PORT}/udp`,
    needsOneSegment: false,
  },
  'host-gw': {
    title: 'flannel with backend host-gw',
    bridge: 'cni0',
    tunnel: undefined,
    overheadBytes: 0,
    opening: 'packets of the pod subnet',
    needsOneSegment: true,
  },
  udp: {
    title: 'flannel with backend udp',
    bridge: 'cni0',
    tunnel: 'flannel0',
    overheadBytes: 28,
    opening: `${FLANNEL_UDP_PORT}/udp`,
    needsOneSegment: false,
  },
};

const KUBE_ROUTER: NetworkMode = {
  title: 'kube-router',
  bridge: 'kube-bridge',
  tunnel: undefined,
  overheadBytes: 0,
  opening: '179/tcp and packets of the pod subnet',
  needsOneSegment: true,
};

const CALICO: Readonly<Record<CalicoMode, Omit<NetworkMode, 'title' | 'bridge'>>> = {
  vxlan: { tunnel: 'vxlan.calico', overheadBytes: 50, opening: `${CALICO_VXLAN_PORT}/udp`, needsOneSegment: false },
  'vxlan-cross-subnet': {
    tunnel: 'vxlan.calico',
    overheadBytes: 50,
    opening: `${CALICO_VXLAN_PORT}/udp, packets of the pod subnet`,
    needsOneSegment: false,
  },
  ipip: { tunnel: 'tunl0', overheadBytes: 20, opening: `${PORTS.bgp}/tcp, IP protocol 4`, needsOneSegment: false },
  bgp: { tunnel: undefined, overheadBytes: 0, opening: `${PORTS.bgp}/tcp, packets of the pod subnet`, needsOneSegment: true },
};

function calicoMode(spec: Pick<ClusterSpec, 'network' | 'hosts'>): NetworkMode {
  const { mode } = spec.network.cni.calico;
  const typha = typhaReplicasFor(nodeHosts(spec).length) > 0 ? `${PORTS.typha}/tcp, ` : '';
  return { ...CALICO[mode], title: `Calico with mode ${mode}`, bridge: undefined, opening: `${typha}${CALICO[mode].opening}` };
}

/** How packets of pods travel; undefined when the network is none that kbs makes. */
export function networkMode(spec: Pick<ClusterSpec, 'network' | 'hosts'>): NetworkMode | undefined {
  const { cni } = spec.network;
  if (cni.type === 'kube-router') return KUBE_ROUTER;
  if (cni.type === 'calico') return calicoMode(spec);
  return cni.type === 'flannel' ? FLANNEL[cni.backend] : undefined;
}

/** MTU of pods on a host whose link between hosts has this one; undefined: the network sees for itself. */
export function podMtu(spec: Pick<ClusterSpec, 'network' | 'hosts'>, linkMtu: number | undefined): number | undefined {
  const { cni } = spec.network;
  if (cni.type === 'calico') return cni.calico.mtu;
  const mode = networkMode(spec);
  if (mode === undefined || linkMtu === undefined) return undefined;
  return cni.mtu ?? linkMtu - mode.overheadBytes;
}
