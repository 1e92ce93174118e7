import { nodeHosts, type ClusterSpec } from '../../config/index.js';
import type { KubeApi, KubeObject } from '../../kube/index.js';

/** Flags of the controller manager that say how pod CIDRs are given to nodes. */
const ALLOCATION_FLAGS = ['allocate-node-cidrs', 'cluster-cidr', 'cidr-allocator-type', 'node-cidr-mask-size', 'node-cidr-mask-size-ipv4'];
/** Default of `--node-cidr-mask-size-ipv4`. */
const NODE_MASK_BITS = 24;
const ADDRESS_BITS = 32;

function toNumber(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

function toAddress(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
}

/**
 * The n-th node's part of the pod subnet, in the order the controller manager gives them out; undefined when there is none.
 * @param index from 0
 */
export function nthNodeCidr(podSubnet: string, index: number): string | undefined {
  const [address = '', bits = ''] = podSubnet.split('/');
  const prefix = Number(bits);
  if (prefix > NODE_MASK_BITS || index < 0 || index >= 2 ** (NODE_MASK_BITS - prefix)) return undefined;
  const sizeOfSubnet = 2 ** (ADDRESS_BITS - prefix);
  const first = Math.floor(toNumber(address) / sizeOfSubnet) * sizeOfSubnet;
  return `${toAddress(first + index * 2 ** (ADDRESS_BITS - NODE_MASK_BITS))}/${NODE_MASK_BITS}`;
}

/** The pod CIDR a node has. */
export function podCidrOf(node: KubeObject | undefined): string | undefined {
  return (node?.['spec'] as { podCIDR?: string } | undefined)?.podCIDR;
}

/**
 * The pod CIDR kbs itself gives a node of a new cluster. The controller manager looks at nodes only ten seconds after it has
 * started, and flannel waits for it; it takes over what nodes already have (nodeipam/ipam, NewCIDRRangeAllocator, v1.25).
 * undefined once a controller manager has ever led: from then on CIDRs are its to give, or two nodes could get one.
 */
export async function earlyPodCidr(api: KubeApi, spec: ClusterSpec, hostName: string): Promise<string | undefined> {
  if (ALLOCATION_FLAGS.some((flag) => flag in spec.controllerManager.extraArgs)) return undefined;
  const cidr = nthNodeCidr(
    spec.network.podSubnet,
    nodeHosts(spec).findIndex(({ name }) => name === hostName),
  );
  if (cidr === undefined) return undefined;
  const [lease, nodes] = await Promise.all([
    api.read({ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', namespace: 'kube-system', name: 'kube-controller-manager' }),
    api.list({ apiVersion: 'v1', kind: 'Node' }),
  ]);
  return lease !== undefined || nodes.some((node) => podCidrOf(node) === cidr) ? undefined : cidr;
}
