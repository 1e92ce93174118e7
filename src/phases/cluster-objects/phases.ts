import { endpointOf, serviceAddress } from '../../config/index.js';
import { hostPort } from '../../constants/index.js';
import type { Phase, StepContext } from '../../engine/index.js';
import type { KubeApi } from '../../kube/index.js';
import { renderClusterInfo } from '../../kubeconfig/index.js';
import { renderClusterConfiguration, renderCorefile } from '../../render/index.js';
import { apiServerNames, CLUSTER_NAME, endpointAccess, etcdEndpoints } from '../access.js';
import type { RunContext } from '../context.js';
import { kubeletConfigText } from '../kubelet/index.js';
import { objectsStep } from '../objects-step.js';
import { skipWithoutControlPlane } from '../skip-without-control-plane.js';
import { coreDnsKeptFields, coreDnsObjects, type CoreDnsInput } from './core-dns.js';
import { kubeadmContractObjects, type KubeadmContractInput } from './kubeadm-contract.js';
import { waitForNetwork } from './network-wait.js';

/** What nodes that join with a token are told of the pod network: `flannel v0.22.3 backend=udp policy=kube-router`. */
function podNetworkWords({ network: { cni, networkPolicy } }: Pick<RunContext['spec'], 'network'>, versions: RunContext['versions']) {
  const words = {
    flannel: [`flannel ${versions.flannel}`, ...(cni.backend === 'vxlan' ? [] : [`backend=${cni.backend}`])],
    calico: [`calico ${cni.calico.mode}`],
    'kube-router': [`kube-router ${versions.kubeRouter}`],
    // Its own pods bring what a node needs.
    custom: [],
    none: [],
  }[cni.type];
  if (words.length === 0) return {};
  return { podNetwork: [...words, ...(networkPolicy.engine === 'none' ? [] : [`policy=${networkPolicy.engine}`])].join(' ') };
}

/** kubeadm's ConfigMaps as the cluster file wants them. */
export function kubeadmContractInput(
  { spec, versions }: Pick<RunContext, 'spec' | 'versions'>,
  caCertificate: string,
): KubeadmContractInput {
  const { host, port } = endpointOf(spec);
  const { network, kubelet, containerRuntime } = spec;
  return {
    clusterConfiguration: renderClusterConfiguration({
      clusterName: CLUSTER_NAME,
      kubernetesVersion: spec.kubernetesVersion,
      controlPlaneEndpoint: hostPort(host, port),
      imageRepository: spec.imageRepository,
      dnsDomain: network.dnsDomain,
      podSubnet: network.podSubnet,
      serviceSubnet: network.serviceSubnet,
      apiServer: { ...spec.apiServer, certSANs: apiServerNames(spec) },
      controllerManager: spec.controllerManager,
      scheduler: spec.scheduler,
      etcd: spec.etcd,
      externalEtcd: etcdEndpoints(spec),
    }),
    kubeletConfig: kubeletConfigText(spec),
    // Driver systemd is kubeadm's own choice, any other one is the user's.
    isKubeletConfigUserSupplied: Object.keys(kubelet.config).length > 0 || containerRuntime.cgroupDriver !== 'systemd',
    ...podNetworkWords({ network }, versions),
    clusterInfo: renderClusterInfo(endpointAccess(spec, caCertificate)),
  };
}

/** CoreDNS's objects as the cluster file wants them. */
export function coreDnsInput({ spec, images }: Pick<RunContext, 'spec' | 'images'>): CoreDnsInput {
  return {
    image: images.coredns,
    corefile: renderCorefile({ dnsDomain: spec.network.dnsDomain }),
    clusterDns: serviceAddress(spec, 10),
  };
}

/** The objects of kubeadm's interoperability contract. */
export const clusterObjectsPhase: Phase<Pick<RunContext, 'spec' | 'versions' | 'pki' | 'kube' | 'hosts'>> = {
  name: 'cluster-objects',
  title: 'Write what kubeadm keeps in a cluster',
  summary: 'applies kubeadm-config, kubelet-config, cluster-info and the rights of joining nodes',
  on: 'cluster',
  // Nothing that comes after in the cluster lane needs them: they may go in at the same time.
  after: [],
  waitsFor: ['api-server'],
  skip: skipWithoutControlPlane,
  steps: ({ spec, versions, pki, kube }) => [
    objectsStep({
      id: 'cluster-objects/kubeadm',
      title: 'Write the configuration and rights kubeadm looks for',
      kube,
      objects: async () => kubeadmContractObjects(kubeadmContractInput({ spec, versions }, (await pki.shared()).ca.certificate)),
    }),
  ],
};

/** CoreDNS: name and address at once, its pods when there is a node whose network is up. */
export const clusterDnsPhase: Phase<Pick<RunContext, 'spec' | 'images' | 'kube' | 'hosts'>> = {
  name: 'cluster-dns',
  title: 'Deploy CoreDNS',
  summary: 'applies the objects of CoreDNS once the pod network is up on a node',
  on: 'cluster',
  after: ['pod-network'],
  skip: skipWithoutControlPlane,
  steps(context) {
    const { kube, spec } = context;
    const objects = coreDnsObjects(coreDnsInput(context));
    const isDeployment = ({ kind }: { readonly kind: string }): boolean => kind === 'Deployment';
    return [
      objectsStep({
        id: 'cluster-dns/objects',
        title: 'Give CoreDNS its service, rights and configuration',
        kube,
        objects: () => objects.filter((object) => !isDeployment(object)),
        keep: coreDnsKeptFields,
      }),
      objectsStep({
        id: 'cluster-dns/deployment',
        title: 'Deploy CoreDNS',
        timeoutMs: 240_000,
        kube,
        objects: () => objects.filter(isDeployment),
        keep: coreDnsKeptFields,
        // A network of the user's own comes when the user brings it.
        ...(spec.network.cni.type === 'none'
          ? {}
          : { before: (api: KubeApi, context: StepContext) => waitForNetwork(api, spec.network.cni.type, context) }),
      }),
    ];
  },
};
