import { CALICO_CONFIG_MAP, CALICO_ROUTE_REFLECTOR, NAMESPACES } from '../../constants/index.js';
import { describeRef, refOf, type KubeObject, type ObjectRef } from '../../kube/index.js';
import { NODES_WITHOUT_TYPHA } from '../../versions/index.js';
import { configMap, mapObject, readManifest, withContainers, withSpec } from '../manifest.js';
import { apiVariables, type ApiAddress } from './api-address.js';
import { CALICO_API } from './calico-crds.js';
import { NETWORK_NAME } from './cni-config.js';
import { calicoContainer, type CalicoMode } from './calico-container.js';

/** What Calico's objects are made from. */
export interface CalicoInput {
  readonly mode: CalicoMode;
  readonly podSubnet: string;
  /** Prefix length of the block of addresses a node takes at a time. */
  readonly blockSize: number;
  readonly asNumber: number;
  /** Whether some nodes hand on the routes of all others; else every node talks to every other one. */
  readonly hasRouteReflectors: boolean;
  /** MTU of pods' interfaces; 0: Calico's own look at the host's interfaces, less what the mode puts around a packet. */
  readonly mtu: number;
  /** How a node finds its own address: a method of Calico's. */
  readonly autodetection: string;
  /** Whose MTU counts, by name: a regular expression. */
  readonly mtuInterfaces: string;
  /** 0: without Typha. */
  readonly typhaReplicas: number;
  /** Where it asks the API. */
  readonly api: ApiAddress;
  readonly images: { readonly node: string; readonly cni: string; readonly kubeControllers: string; readonly typha: string };
}

const POOL_MODES: Readonly<Record<CalicoMode, { readonly ipipMode: string; readonly vxlanMode: string }>> = {
  vxlan: { ipipMode: 'Never', vxlanMode: 'Always' },
  'vxlan-cross-subnet': { ipipMode: 'Never', vxlanMode: 'CrossSubnet' },
  ipip: { ipipMode: 'Always', vxlanMode: 'Never' },
  bgp: { ipipMode: 'Never', vxlanMode: 'Never' },
};

/** Nodes above which Typha is needed, nodes for each, and the least and most of them. Source: Calico v3.25, installation and Typha. */
const TYPHA = { above: NODES_WITHOUT_TYPHA, nodesEach: 200, least: 3, most: 20 } as const;

/** How many Typhas a cluster of so many nodes has. */
export function typhaReplicasFor(nodes: number): number {
  if (nodes <= TYPHA.above) return 0;
  return Math.min(Math.max(Math.ceil(nodes / TYPHA.nodesEach), TYPHA.least), TYPHA.most);
}

/** Whether routes travel by BGP. */
export function speaksBgp(mode: CalicoMode): boolean {
  return mode === 'ipip' || mode === 'bgp';
}

function custom(kind: string, name: string, spec: Readonly<Record<string, unknown>>): KubeObject {
  return { apiVersion: `${CALICO_API.group}/${CALICO_API.version}`, kind, metadata: { name }, spec };
}

/** The list of CNI plugins; names between underscores are replaced on each host by Calico's installer. */
function cniNetworkConfig(): string {
  const list = {
    name: NETWORK_NAME,
    cniVersion: '0.3.1',
    plugins: [
      {
        type: 'calico',
        log_level: 'info',
        log_file_path: '/var/log/calico/cni/cni.log',
        datastore_type: 'kubernetes',
        nodename: '__KUBERNETES_NODE_NAME__',
        mtu: '__CNI_MTU__',
        ipam: { type: 'calico-ipam' },
        policy: { type: 'k8s' },
        kubernetes: { kubeconfig: '__KUBECONFIG_FILEPATH__' },
      },
      { type: 'portmap', snat: true, capabilities: { portMappings: true } },
      { type: 'bandwidth', capabilities: { bandwidth: true } },
    ],
  };
  // A number once it is replaced.
  return JSON.stringify(list, null, 2).replace('"__CNI_MTU__"', '__CNI_MTU__');
}

/** Calico's ConfigMap. Pure. */
export function calicoConfigMap({ mode, mtu, typhaReplicas }: CalicoInput): KubeObject {
  return configMap(
    { name: CALICO_CONFIG_MAP, namespace: NAMESPACES.system },
    {
      calico_backend: speaksBgp(mode) ? 'bird' : 'vxlan',
      typha_service_name: typhaReplicas > 0 ? 'calico-typha' : 'none',
      veth_mtu: String(mtu),
      cni_network_config: cniNetworkConfig(),
    },
  );
}

/** What Calico reads of its own kinds: the pods' addresses, and who tells whom of routes. Pure. */
export function calicoResources({ mode, podSubnet, blockSize, asNumber, hasRouteReflectors }: CalicoInput): readonly KubeObject[] {
  const pool = custom('IPPool', 'default-ipv4-ippool', {
    cidr: podSubnet,
    blockSize,
    ...POOL_MODES[mode],
    natOutgoing: true,
    nodeSelector: 'all()',
    allowedUses: ['Workload', 'Tunnel'],
  });
  if (!speaksBgp(mode)) return [pool];
  const bgp = custom('BGPConfiguration', 'default', { asNumber, nodeToNodeMeshEnabled: !hasRouteReflectors });
  const peers = custom('BGPPeer', 'kbs-route-reflectors', { nodeSelector: 'all()', peerSelector: `has(${CALICO_ROUTE_REFLECTOR})` });
  return [pool, ...(hasRouteReflectors ? [peers] : []), bgp];
}

/** What a former mode kept in Calico's own kinds and this one has no use for: settings of BGP. Pure. */
export function formerCalicoResources(input: CalicoInput): readonly ObjectRef[] {
  const wanted = new Set(calicoResources(input).map((object) => describeRef(refOf(object))));
  const most = calicoResources({ ...input, mode: 'bgp', hasRouteReflectors: true });
  return most.map((object) => refOf(object)).filter((ref) => !wanted.has(describeRef(ref)));
}

/** Rights, configuration and workloads of Calico v3.25. Pure but for reading the manifests. */
export function calicoObjects(input: CalicoInput): readonly KubeObject[] {
  const { images, typhaReplicas } = input;
  const extraEnv = apiVariables(input.api);
  const network = mapObject(readManifest('calico'), 'DaemonSet', (daemonSet) =>
    withContainers(daemonSet, {
      'upgrade-ipam': { image: images.cni, extraEnv },
      'install-cni': { image: images.cni, extraEnv },
      'mount-bpffs': { image: images.node },
      'calico-node': { image: images.node, extraEnv, fields: calicoContainer(input) },
    }),
  );
  const objects = mapObject(network, 'Deployment', (deployment) =>
    withContainers(deployment, { 'calico-kube-controllers': { image: images.kubeControllers } }),
  );
  if (typhaReplicas === 0) return [...objects, calicoConfigMap(input)];
  const typha = mapObject(readManifest('calico-typha'), 'Deployment', (deployment) =>
    withSpec(withContainers(deployment, { 'calico-typha': { image: images.typha, extraEnv } }), { replicas: typhaReplicas }),
  );
  return [...objects, ...typha, calicoConfigMap(input)];
}
