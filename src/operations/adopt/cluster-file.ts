import { parseEndpoint, type ClusterFileInput } from '../../config/index.js';
import { NODE_KEYS, PORTS } from '../../constants/index.js';
import { renderKubeletConfig, renderKubeProxyConfig } from '../../render/index.js';
import { flannelRelease } from '../../versions/index.js';
import { parseYamlStream } from '../../yaml/index.js';
import { fieldsAt, textAt, type Fields } from '../config-fields.js';
import { differingFields } from './differing-fields.js';
import { controlPlaneSettings } from '../control-plane-settings.js';
import type { FoundCluster, FoundNode } from './found-cluster.js';

type Spec = ClusterFileInput['spec'];
type HostInput = Spec['hosts'][number];

/** What was seen on the hosts themselves. */
export interface FoundHost {
  /** Flags of kubeadm-flags.env, names without dashes. */
  readonly kubeletFlags: Readonly<Record<string, string>>;
  readonly containerd: 'package' | 'artifact';
}

/** What the operator says of the way to the hosts and the source of parts. */
export interface AdoptAccess {
  /** Where kbs was told to begin; SSH goes there when it is not the node's own address. */
  readonly host: string;
  /** Host name of that machine. */
  readonly hostName: string;
  readonly ssh: NonNullable<Spec['ssh']>;
  readonly artifacts: Spec['artifacts'];
}

/** A cluster file for what was found. */
export interface AdoptedFile {
  readonly file: ClusterFileInput;
  /** What the file does not say as it is in the cluster, for people. */
  readonly notes: readonly string[];
}

/** Kubernetes' own labels and taints: kubelet, kubeadm and controllers set them. */
const OWN_KEY = /(^|\.)(kubernetes|k8s)\.io\//;
/** Told in other fields of the cluster file, or always as kbs has them. */
const KUBELET_FIELDS_ELSEWHERE = [
  'apiVersion',
  'kind',
  'cgroupDriver',
  'clusterDNS',
  'clusterDomain',
  'staticPodPath',
  'rotateCertificates',
];
const KUBE_PROXY_FIELDS_ELSEWHERE = ['apiVersion', 'kind', 'mode', 'clusterCIDR'];
const KUBELET_FLAGS_ELSEWHERE = [
  'container-runtime',
  'container-runtime-endpoint',
  'hostname-override',
  'node-ip',
  'pod-infra-container-image',
  'register-with-taints',
];

function documentOf(yaml: string): Fields {
  return parseYamlStream(yaml)[0] as Fields;
}

function taintsOf(node: FoundNode): Pick<HostInput, 'taints' | 'roles'> {
  const own = node.taints.filter(({ key }) => !key.startsWith('node.kubernetes.io/'));
  const isDefault = own.length === 1 && own[0]?.key === NODE_KEYS.controlPlane && own[0].effect === 'NoSchedule';
  if (node.isControlPlane && isDefault) return { roles: ['control-plane'] };
  if (own.length === 0) return { roles: node.isControlPlane ? ['control-plane', 'worker'] : ['worker'] };
  const taints = own.map(({ key, value, effect }) => ({ key, ...(value === undefined ? {} : { value }), effect: effect as 'NoSchedule' }));
  return { roles: [node.isControlPlane ? 'control-plane' : 'worker'], taints };
}

function hostOf(node: FoundNode, { host, hostName }: AdoptAccess): HostInput {
  const labels = Object.fromEntries(Object.entries(node.labels).filter(([key]) => !OWN_KEY.test(key)));
  const address = node.address ?? '';
  return {
    name: node.name,
    address,
    ...(node.name === hostName && host !== address ? { sshAddress: host } : {}),
    ...taintsOf(node),
    ...(Object.keys(labels).length === 0 ? {} : { labels }),
  };
}

function kubeletOf({ kubelet }: FoundCluster, hosts: readonly FoundHost[]): Fields {
  const base = documentOf(renderKubeletConfig({ clusterDns: '', dnsDomain: '', cgroupDriver: 'systemd', overrides: {} }));
  const config = differingFields(kubelet, base, KUBELET_FIELDS_ELSEWHERE);
  const [first, ...others] = hosts;
  const flags = Object.entries(first?.kubeletFlags ?? {}).filter(
    ([name, value]) => !KUBELET_FLAGS_ELSEWHERE.includes(name) && others.every(({ kubeletFlags }) => kubeletFlags[name] === value),
  );
  return {
    ...(Object.keys(config).length === 0 ? {} : { config }),
    ...(flags.length === 0 ? {} : { extraArgs: Object.fromEntries(flags) }),
  };
}

function kubeProxyOf({ kubeProxy = {} }: FoundCluster): Fields {
  const base = documentOf(renderKubeProxyConfig({ podSubnet: '', advertiseAddress: '0.0.0.0', overrides: {} }));
  return differingFields(kubeProxy, base, KUBE_PROXY_FIELDS_ELSEWHERE);
}

function podNetworkOf({ flannel, cluster }: FoundCluster): { readonly cni: Fields; readonly notes: readonly string[] } {
  const none = (note: string) => ({ cni: { type: 'none' }, notes: [`${note}: kbs leaves it as it is (network.cni.type: none)`] });
  if (flannel === undefined) return none('the pod network is none of kbs’s');
  if (flannelRelease(flannel.version) === undefined) return none(`flannel ${flannel.version} is no version kbs knows`);
  const backend = textAt(fieldsAt(flannel.network, 'Backend'), 'Type');
  if (backend !== 'vxlan') return none(`flannel works with ${backend ?? 'no'} backend`);
  if (flannel.network['Network'] !== fieldsAt(cluster, 'networking')['podSubnet'])
    return none('flannel has another network than podSubnet');
  return { cni: { version: flannel.version }, notes: [] };
}

function without(value: Fields): Fields {
  return Object.fromEntries(
    Object.entries(value).filter(
      ([, inner]) => inner !== undefined && !(typeof inner === 'object' && inner !== null && Object.keys(inner).length === 0),
    ),
  );
}

/** A cluster file that says what is, and nothing that is a default anyhow. Pure. @param hosts those that could be looked at */
export function adoptedClusterFile(found: FoundCluster, hosts: readonly FoundHost[], access: AdoptAccess): AdoptedFile {
  const { cluster, kubelet, nodes } = found;
  const networking = fieldsAt(cluster, 'networking');
  const endpoint = textAt(cluster, 'controlPlaneEndpoint');
  const podNetwork = podNetworkOf(found);
  const cgroupDriver = textAt(kubelet, 'cgroupDriver');
  const config = kubeProxyOf(found);
  const imageRepository = textAt(cluster, 'imageRepository');
  const runtime = {
    install: hosts[0]?.containerd === 'package' ? 'package' : undefined,
    cgroupDriver: cgroupDriver === 'cgroupfs' ? cgroupDriver : undefined,
  };
  const spec = without({
    kubernetesVersion: textAt(cluster, 'kubernetesVersion'),
    controlPlaneEndpoint: endpoint === undefined ? undefined : endpointFields(endpoint),
    ssh: access.ssh,
    hosts: nodes.map((node) => hostOf(node, access)),
    containerRuntime: without(runtime),
    network: without({
      podSubnet: networking['podSubnet'],
      serviceSubnet: networking['serviceSubnet'],
      dnsDomain: networking['dnsDomain'],
      cni: podNetwork.cni,
      kubeProxy: without({ config }),
    }),
    imageRepository: imageRepository === 'registry.k8s.io' ? undefined : imageRepository,
    ...controlPlaneSettings(cluster),
    kubelet: kubeletOf(found, hosts),
    artifacts: access.artifacts,
  });
  const file = {
    apiVersion: 'kbs.dev/v1alpha1',
    kind: 'Cluster',
    metadata: { name: textAt(cluster, 'clusterName') ?? 'kubernetes' },
    spec,
  };
  // What the schema makes of it shows when the file is read back.
  return { file: file as unknown as ClusterFileInput, notes: podNetwork.notes };
}

function endpointFields(endpoint: string): { readonly host: string; readonly port?: number } {
  const { host, port } = parseEndpoint(endpoint);
  return port === PORTS.apiServer ? { host } : { host, port };
}
