/** TCP ports of the components. Source: kubeadm v1.25 constants.go and the components' defaults. */
export const PORTS = {
  /** kube-apiserver, on all addresses. */
  apiServer: 6443,
  /** etcd for clients, on 127.0.0.1 and the advertise address. */
  etcdClient: 2379,
  /** etcd for its peers, on the advertise address. */
  etcdPeer: 2380,
  /** etcd health and metrics, plain HTTP on 127.0.0.1. */
  etcdMetrics: 2381,
  /** kubelet API, on all addresses. */
  kubelet: 10250,
  /** kubelet health, plain HTTP on 127.0.0.1. */
  kubeletHealth: 10248,
  /** kube-controller-manager, HTTPS on 127.0.0.1. */
  controllerManager: 10257,
  /** kube-scheduler, HTTPS on 127.0.0.1. */
  scheduler: 10259,
  /** kube-proxy health, on all addresses. */
  kubeProxyHealth: 10256,
  /** kube-proxy metrics, on 127.0.0.1. */
  kubeProxyMetrics: 10249,
  /** Health of the haproxy in front of the API servers, plain HTTP on 127.0.0.1; keepalived's check and `kbs status` ask it. */
  endpointHealth: 10446,
  /** Health of Calico's Felix, plain HTTP on 127.0.0.1. */
  felixHealth: 9099,
  /** BGP. */
  bgp: 179,
  /** Calico's Typha, for calico-nodes. */
  typha: 5473,
  /** Health of Typha, plain HTTP on 127.0.0.1. */
  typhaHealth: 9098,
  /** kube-router health, on all addresses. */
  kubeRouterHealth: 20244,
  /** What kube-router tells of BGP, on 127.0.0.1 and the node's address. */
  kubeRouterBgpApi: 50051,
  /** CoreDNS metrics, inside its pods. */
  coreDnsMetrics: 9153,
} as const;

/** UDP port of flannel's vxlan backend on Linux. */
export const FLANNEL_VXLAN_PORT = 8472;

/** UDP port of flannel's udp backend. */
export const FLANNEL_UDP_PORT = 8285;

/** UDP port of Calico's vxlan. */
export const CALICO_VXLAN_PORT = 4789;

/** Default range of NodePorts, both ends included. */
export const NODE_PORT_RANGE = { first: 30000, last: 32767 } as const;
