import { CONFIG_MAPS, MIRROR_POD_ANNOTATION, NAMESPACES, NODE_KEYS } from '../../constants/index.js';
import { KbsError } from '../../errors/index.js';
import type { KubeApi, KubeObject } from '../../kube/index.js';
import { readFlannel, type LiveFlannel } from '../../phases/index.js';
import { parseYamlStream } from '../../yaml/index.js';
import { isFields, type Fields } from '../config-fields.js';

/** A node as the cluster has it. */
export interface FoundNode {
  readonly name: string;
  /** IPv4; undefined when it has none. */
  readonly address: string | undefined;
  readonly isControlPlane: boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly { readonly key: string; readonly value?: string; readonly effect: string }[];
  readonly criSocket: string | undefined;
  /** `v1.25.0` */
  readonly kubeletVersion: string;
  /** `containerd://1.6.20` */
  readonly runtimeVersion: string;
}

/** What a cluster made by kubeadm says of itself. */
export interface FoundCluster {
  /** ClusterConfiguration. */
  readonly cluster: Fields;
  /** KubeletConfiguration. */
  readonly kubelet: Fields;
  /** KubeProxyConfiguration; undefined without kube-proxy. */
  readonly kubeProxy: Fields | undefined;
  readonly nodes: readonly FoundNode[];
  /** Static pods by `<component> <node>`, with the address they give. */
  readonly staticPods: ReadonlyMap<string, string | undefined>;
  /** undefined when the pod network is another one. */
  readonly flannel: Pick<LiveFlannel, 'version' | 'network'> | undefined;
}

function configMapText(object: KubeObject | undefined, key: string): string | undefined {
  return (object?.['data'] as Readonly<Record<string, string>> | undefined)?.[key];
}

function documentIn(object: KubeObject | undefined, key: string): Fields | undefined {
  const text = configMapText(object, key);
  const [document] = text === undefined ? [] : parseYamlStream(text);
  return isFields(document) ? document : undefined;
}

function readConfigMap(api: KubeApi, name: string): Promise<KubeObject | undefined> {
  return api.read({ apiVersion: 'v1', kind: 'ConfigMap', namespace: NAMESPACES.system, name });
}

function missing(name: string): KbsError {
  return new KbsError('ADOPT_REFUSED', `the cluster has no usable ConfigMap ${NAMESPACES.system}/${name}: kubeadm did not make it`, {
    remedy: ['kubeadm init phase upload-config all   # on a control plane, when it was lost'],
  });
}

interface NodeStatus {
  readonly addresses?: readonly { readonly type: string; readonly address: string }[];
  readonly nodeInfo?: { readonly kubeletVersion?: string; readonly containerRuntimeVersion?: string };
}

function foundNode(node: KubeObject): FoundNode {
  const { name, labels = {}, annotations = {} } = node.metadata;
  const status = (node['status'] ?? {}) as NodeStatus;
  const { taints = [] } = (node['spec'] ?? {}) as { readonly taints?: FoundNode['taints'] };
  const address = status.addresses?.find((candidate) => candidate.type === 'InternalIP' && !candidate.address.includes(':'))?.address;
  return {
    name,
    address,
    isControlPlane: NODE_KEYS.controlPlane in labels,
    labels,
    taints,
    criSocket: annotations[NODE_KEYS.criSocket],
    kubeletVersion: status.nodeInfo?.kubeletVersion ?? '',
    runtimeVersion: status.nodeInfo?.containerRuntimeVersion ?? '',
  };
}

function staticPod(pod: KubeObject): readonly [string, string | undefined][] {
  const { labels = {}, annotations = {} } = pod.metadata;
  const { nodeName = '' } = (pod['spec'] ?? {}) as { readonly nodeName?: string };
  if (annotations[MIRROR_POD_ANNOTATION] === undefined) return [];
  return [[`${labels['component'] ?? ''} ${nodeName}`, annotations[NODE_KEYS.apiServerAdvertise] ?? annotations[NODE_KEYS.etcdAdvertise]]];
}

/**
 * Reads what kubeadm keeps in a cluster, its nodes and its static pods. Changes nothing.
 * @throws KbsError ADOPT_REFUSED when kubeadm's ConfigMaps are not there
 */
export async function readFoundCluster(api: KubeApi): Promise<FoundCluster> {
  const [kubeadm, kubelet, kubeProxy, nodes, pods, flannel] = await Promise.all([
    readConfigMap(api, CONFIG_MAPS.kubeadmConfig),
    readConfigMap(api, CONFIG_MAPS.kubeletConfig),
    readConfigMap(api, CONFIG_MAPS.kubeProxy),
    api.list({ apiVersion: 'v1', kind: 'Node' }),
    api.list({ apiVersion: 'v1', kind: 'Pod' }, { namespace: NAMESPACES.system, labelSelector: 'tier=control-plane' }),
    readFlannel(api),
  ]);
  const cluster = documentIn(kubeadm, 'ClusterConfiguration');
  const kubeletConfig = documentIn(kubelet, 'kubelet');
  if (cluster === undefined) throw missing(CONFIG_MAPS.kubeadmConfig);
  if (kubeletConfig === undefined) throw missing(CONFIG_MAPS.kubeletConfig);
  return {
    cluster,
    kubelet: kubeletConfig,
    kubeProxy: documentIn(kubeProxy, 'config.conf'),
    nodes: nodes
      .map(foundNode)
      .sort((one, other) => Number(other.isControlPlane) - Number(one.isControlPlane) || one.name.localeCompare(other.name)),
    staticPods: new Map(pods.flatMap(staticPod)),
    flannel,
  };
}
