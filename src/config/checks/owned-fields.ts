/** field → where the user sets it instead, or why nobody can. */
type OwnedFields = Readonly<Record<string, string>>;

const ENVELOPE: OwnedFields = {
  apiVersion: 'is set by kbs: leave it out',
  kind: 'is set by kbs: leave it out',
};

/** Fields of KubeletConfiguration that follow from other parts of the cluster file. */
export const OWNED_KUBELET_FIELDS: OwnedFields = {
  ...ENVELOPE,
  cgroupDriver: 'must be the same in kubelet and runtime: set spec.containerRuntime.cgroupDriver',
  clusterDNS: 'is the tenth address of the service subnet: set spec.network.serviceSubnet',
  clusterDomain: 'must be the same in kubelet and CoreDNS: set spec.network.dnsDomain',
  staticPodPath: 'is always /etc/kubernetes/manifests: leave it out',
};

/** Fields of KubeProxyConfiguration that follow from other parts of the cluster file. */
export const OWNED_KUBE_PROXY_FIELDS: OwnedFields = {
  ...ENVELOPE,
  mode: 'has its own place: set spec.network.kubeProxy.mode',
  clusterCIDR: 'is the pod subnet: set spec.network.podSubnet',
};

/** Flags of the kubelet that follow from other parts of the cluster file. */
export const OWNED_KUBELET_FLAGS: OwnedFields = {
  config: 'is set by kbs: leave it out',
  kubeconfig: 'is set by kbs: leave it out',
  'bootstrap-kubeconfig': 'is set by kbs: leave it out',
  'container-runtime': 'is set by kbs: set spec.containerRuntime.type',
  'container-runtime-endpoint': 'follows from spec.containerRuntime.type: leave it out',
  'hostname-override': 'is the name of the host: set it in spec.hosts[].name',
  'node-ip': 'is the address of the host: set it in spec.hosts[].address',
  'node-labels': 'has its own place: set spec.hosts[].labels',
  'register-with-taints': 'has its own place: set spec.hosts[].taints',
  'cgroup-driver': 'must be the same in kubelet and runtime: set spec.containerRuntime.cgroupDriver',
  'cluster-dns': 'is the tenth address of the service subnet: set spec.network.serviceSubnet',
  'cluster-domain': 'must be the same in kubelet and CoreDNS: set spec.network.dnsDomain',
  'pod-manifest-path': 'is always /etc/kubernetes/manifests: leave it out',
  'pod-infra-container-image': 'is the pause image of this Kubernetes version: leave it out',
};
