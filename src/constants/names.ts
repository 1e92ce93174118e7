/** Keys and values of node labels, taints and annotations. Source: kubeadm v1.25 constants.go. */
export const NODE_KEYS = {
  /** Label (value empty) and taint key (effect NoSchedule) of control planes. */
  controlPlane: 'node-role.kubernetes.io/control-plane',
  /** Label that keeps control planes out of cloud load balancers. */
  excludeFromLoadBalancers: 'node.kubernetes.io/exclude-from-external-load-balancers',
  /** Annotation with the CRI socket of the node. */
  criSocket: 'kubeadm.alpha.kubernetes.io/cri-socket',
  /** Taint of a node whose network is not up. */
  notReady: 'node.kubernetes.io/not-ready',
  /** Label of nodes whose load balancer in front of the API servers is a static pod of kbs. */
  localLb: 'kbs.dev/local-lb',
  /** Label with the node's own host name. */
  hostname: 'kubernetes.io/hostname',
  /** Annotation of static pods: where the advertise address of the API server is kept. */
  apiServerAdvertise: 'kubeadm.kubernetes.io/kube-apiserver.advertise-address.endpoint',
  /** Annotation of static pods: client URL of etcd. */
  etcdAdvertise: 'kubeadm.kubernetes.io/etcd.advertise-client-urls',
} as const;

/** Namespaces kbs puts objects into. */
export const NAMESPACES = {
  /** Control plane, kube-proxy, CoreDNS. */
  system: 'kube-system',
  /** cluster-info, readable by everybody. */
  public: 'kube-public',
  /** Heartbeats of nodes. */
  nodeLease: 'kube-node-lease',
  /** flannel. */
  flannel: 'kube-flannel',
} as const;

/** DaemonSet of flannel, in a namespace of its own. */
export const FLANNEL_DAEMON_SET = 'kube-flannel-ds';

/** ConfigMaps that kubeadm and kbs share. */
export const CONFIG_MAPS = {
  /** ClusterConfiguration. */
  kubeadmConfig: 'kubeadm-config',
  /** KubeletConfiguration of every node. */
  kubeletConfig: 'kubelet-config',
  /** Address and CA of the cluster, signed with bootstrap tokens. */
  clusterInfo: 'cluster-info',
  /** Configuration of kube-proxy. */
  kubeProxy: 'kube-proxy',
  /** Corefile. */
  coreDns: 'coredns',
} as const;

/** Field manager of every server-side apply. */
export const FIELD_MANAGER = 'kbs';

/** systemd units. */
export const UNITS = {
  /** The node agent. */
  kubelet: 'kubelet.service',
  /** containerd, as the container runtime or below Docker. */
  containerd: 'containerd.service',
  /** Docker Engine. */
  docker: 'docker.service',
  /** Docker Engine's socket. */
  dockerSocket: 'docker.socket',
  /** cri-dockerd, between the kubelet and Docker Engine. */
  criDocker: 'cri-docker.service',
  /** cri-dockerd's socket. */
  criDockerSocket: 'cri-docker.socket',
  /** CRI-O. */
  crio: 'crio.service',
  /** Load balancer in front of the API servers, from the distribution. */
  haproxy: 'haproxy.service',
  /** Moves the address of the API between control planes, from the distribution. */
  keepalived: 'keepalived.service',
  /** etcd on a host of its own. */
  etcd: 'etcd.service',
} as const;

/** Pod annotation that tells a static pod in the API from an ordinary one. */
export const MIRROR_POD_ANNOTATION = 'kubernetes.io/config.mirror';

/** Names around bootstrap tokens; the token's identifier goes behind the prefixes. Source: Kubernetes v1.25 cluster-bootstrap token/api. */
export const BOOTSTRAP_TOKENS = {
  /** Secret in kube-system. */
  secretPrefix: 'bootstrap-token-',
  /** Key in ConfigMap cluster-info. */
  signaturePrefix: 'jws-kubeconfig-',
  /** Type of the Secret. */
  secretType: 'bootstrap.kubernetes.io/token',
} as const;

/** Names around the encrypted copies of the shared PKI. Source: kubeadm v1.25 copycerts. */
export const CERTIFICATE_COPIES = {
  /** Secret in kube-system. */
  secret: 'kubeadm-certs',
  /** Role and RoleBinding in kube-system: who may read it. */
  role: 'kubeadm:kubeadm-certs',
} as const;

/**
 * Annotation of ConfigMap kubeadm-config that tells nodes which join with a token what pod network kbs made: `flannel v0.22.3`, and
 * what differs from the defaults behind it: `backend=udp policy=kube-router`.
 */
export const POD_NETWORK_ANNOTATION = 'kbs.dev/pod-network';

/** ConfigMap with Calico's configuration. */
export const CALICO_CONFIG_MAP = 'calico-config';

/** Label of nodes that hand on the routes of all others. */
export const CALICO_ROUTE_REFLECTOR = 'kbs.dev/route-reflector';
