import type { ClusterSpec } from '../../config/index.js';
import { FLANNEL_UDP_PORT, FLANNEL_VXLAN_PORT } from '../../constants/index.js';

/** What each way of packets between hosts makes on a host, and costs. Source: flannel 0.19 backend/*, kube-router 1.3 routing. */
export interface NetworkMode {
  readonly title: string;
  /** Bridge that pods of a host hang on. */
  readonly bridge: 'cni0' | 'kube-bridge';
  /** Link that packets to other hosts go through; undefined: the host's own. */
  readonly tunnel: 'flannel.1' | 'flannel0' | undefined;
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

/** How packets of pods travel; undefined when the network is none that kbs makes. */
export function networkMode({ network: { cni } }: Pick<ClusterSpec, 'network'>): NetworkMode | undefined {
  if (cni.type === 'kube-router') return KUBE_ROUTER;
  return cni.type === 'flannel' ? FLANNEL[cni.backend] : undefined;
}
