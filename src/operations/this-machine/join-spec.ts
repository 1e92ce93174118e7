import { resolve } from 'node:path';
import {
  CALICO_MODES,
  composeClusterSpec,
  FLANNEL_BACKENDS,
  IPVS_SCHEDULERS,
  POLICY_ENGINES,
  type ClusterFileInput,
  type ComposedCluster,
} from '../../config/index.js';
import { POD_NETWORK_ANNOTATION } from '../../constants/index.js';
import type { ConfigFields, Endpoint, JoinConfig } from '../../discovery/index.js';
import { controlPlaneSettings } from '../control-plane-settings.js';
import { artifactsOf, type ArtifactChoice } from './run.js';

/** What `kbs join` without a cluster file was told about this machine; undefined: the fragment's or the default. */
export interface JoinSettings extends ArtifactChoice {
  readonly fragmentFile: string | undefined;
  readonly nodeName: string | undefined;
  readonly nodeIp: string | undefined;
}

/** What the cluster itself decides. */
export interface ClusterFacts {
  readonly server: Endpoint;
  readonly config: JoinConfig;
}

const NAMES = {
  'spec.kubernetesVersion': 'Kubernetes version of the cluster',
  'spec.controlPlaneEndpoint.host': 'control-plane endpoint of the cluster',
  'spec.hosts[0].name': '--node-name (default: the host name)',
  'spec.hosts[0].address': '--node-ip',
  'spec.network.podSubnet': 'pod subnet of the cluster',
  'spec.network.serviceSubnet': 'service subnet of the cluster',
  'spec.network.dnsDomain': 'DNS domain of the cluster',
  'spec.imageRepository': 'image repository of the cluster',
  'spec.artifacts.path': '--bundle',
  'spec.artifacts.url': '--mirror',
} as const;

/** The kubelet's own default, where a cluster says nothing. Source: KubeletConfiguration v1beta1. */
const KUBELET_CGROUP_DRIVER = 'cgroupfs';

function textIn(fields: ConfigFields, key: string): string | undefined {
  const value = fields[key];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** IPv4 of a subnet that may come in pairs. */
function firstSubnet(text: string | undefined): string | undefined {
  return text?.split(',').find((subnet) => !subnet.includes(':'));
}

/** What the cluster says of its pod network: kind, version or mode, and what differs from the defaults as `key=value`. */
function podNetwork({ annotations }: JoinConfig): Pick<NonNullable<ClusterFileInput['spec']['network']>, 'cni' | 'networkPolicy'> {
  const [type, detail, ...settings] = annotations[POD_NETWORK_ANNOTATION]?.split(' ') ?? [];
  const mode = CALICO_MODES.find((name) => name === detail);
  if (type === 'calico' && mode !== undefined) return { cni: { type, calico: { mode } } } as const;
  if (detail === undefined || (type !== 'flannel' && type !== 'kube-router')) return {};
  const backend = FLANNEL_BACKENDS.find((name) => settings.includes(`backend=${name}`));
  const engine = POLICY_ENGINES.find((name) => settings.includes(`policy=${name}`));
  return {
    cni: type === 'flannel' ? { type: 'flannel', version: detail, ...(backend === undefined ? {} : { backend }) } : { type: 'kube-router' },
    ...(engine === undefined ? {} : { networkPolicy: { engine } }),
  } as const;
}

/** What this machine's kernel is made ready for; a scheduler kbs does not know is kube-proxy's own to load. */
function serviceProxy({ kubeProxy = {} }: JoinConfig) {
  if (textIn(kubeProxy, 'mode') !== 'ipvs') return undefined;
  const wanted = textIn((kubeProxy['ipvs'] ?? {}) as ConfigFields, 'scheduler');
  const scheduler = IPVS_SCHEDULERS.find((name) => name === wanted);
  return { mode: 'ipvs', ...(scheduler === undefined ? {} : { ipvs: { scheduler } }) } as const;
}

/**
 * The cluster as a node of it sees it: this machine is the only host known. What the cluster says wins over the
 * fragment. Without a word of the cluster about its pod network none is prepared for: its own pods bring it.
 * @param machine how this machine is called and reached
 * @throws KbsError USAGE for what kbs cannot join, CONFIG_INVALID, CONFIG_NOT_FOUND
 */
export function joinSpec(
  settings: JoinSettings,
  { server, config }: ClusterFacts,
  machine: { readonly name: string; readonly address: string; readonly role?: 'worker' | 'control-plane' },
): Promise<ComposedCluster> {
  const { cluster, kubelet } = config;
  const networking = (cluster['networking'] ?? {}) as ConfigFields;
  const { bundle, mirror } = settings;
  const isControlPlane = machine.role === 'control-plane';
  return composeClusterSpec({
    fragmentFile: settings.fragmentFile,
    names: NAMES,
    lacksControlPlanes: !isControlPlane,
    defaults: { spec: { network: { cni: { type: 'none' } } } },
    overlay: {
      metadata: { name: textIn(cluster, 'clusterName') },
      spec: {
        ...(isControlPlane ? controlPlaneSettings(cluster) : {}),
        hosts: [{ name: machine.name, address: machine.address, roles: [machine.role ?? 'worker'] }],
        kubernetesVersion: textIn(cluster, 'kubernetesVersion'),
        imageRepository: textIn(cluster, 'imageRepository'),
        controlPlaneEndpoint: { host: server.host, port: server.port },
        containerRuntime: { cgroupDriver: (textIn(kubelet, 'cgroupDriver') ?? KUBELET_CGROUP_DRIVER) as 'systemd' | 'cgroupfs' },
        network: {
          podSubnet: firstSubnet(textIn(networking, 'podSubnet')),
          serviceSubnet: firstSubnet(textIn(networking, 'serviceSubnet')),
          dnsDomain: textIn(networking, 'dnsDomain'),
          ...podNetwork(config),
          kubeProxy: serviceProxy(config),
        },
        artifacts: artifactsOf({ bundle: bundle === undefined ? undefined : resolve(bundle), mirror }),
      },
    },
  });
}
