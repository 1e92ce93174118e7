/** Places on a host, the same as kubeadm's where kubeadm has one. Source: kubeadm v1.25 constants.go, packages of kubelet 1.25. */
export const PATHS = {
  /** Everything of Kubernetes that is configuration. */
  kubernetesDir: '/etc/kubernetes',
  /** Static pods of the kubelet. */
  manifestsDir: '/etc/kubernetes/manifests',
  /** Certificates and keys of the control plane. */
  pkiDir: '/etc/kubernetes/pki',
  /** Certificates and keys of etcd. */
  etcdPkiDir: '/etc/kubernetes/pki/etcd',
  /** Cluster CA certificate; the only file of the PKI a worker has. */
  caCertificate: '/etc/kubernetes/pki/ca.crt',
  /** kubeconfig of the cluster's administrator. */
  adminKubeconfig: '/etc/kubernetes/admin.conf',
  /** kubeconfig of the kubelet. */
  kubeletKubeconfig: '/etc/kubernetes/kubelet.conf',
  /** kubeconfig with a bootstrap token, there only until the kubelet has its certificate. */
  bootstrapKubeletKubeconfig: '/etc/kubernetes/bootstrap-kubelet.conf',
  /** kubeconfig of the controller manager. */
  controllerManagerKubeconfig: '/etc/kubernetes/controller-manager.conf',
  /** kubeconfig of the scheduler. */
  schedulerKubeconfig: '/etc/kubernetes/scheduler.conf',
  /** Configuration of the load balancer of a node without an API server. */
  localLbConfig: '/etc/kubernetes/local-lb/haproxy.cfg',
  /** Configuration of the distribution's haproxy. */
  haproxyConfig: '/etc/haproxy/haproxy.cfg',
  /** Configuration of the distribution's keepalived. */
  keepalivedConfig: '/etc/keepalived/keepalived.conf',
  /** What keepalived asks whether its host may hold the address of the API. */
  keepalivedCheck: '/etc/keepalived/kbs-check-endpoint',
  /** Working folder of `kubeadm upgrade`. */
  kubernetesTmpDir: '/etc/kubernetes/tmp',
  /** State of the kubelet. */
  kubeletDir: '/var/lib/kubelet',
  /** KubeletConfiguration. */
  kubeletConfig: '/var/lib/kubelet/config.yaml',
  /** Flags of the kubelet as kubeadm stores them: `KUBELET_KUBEADM_ARGS="…"`. */
  kubeletFlagsEnv: '/var/lib/kubelet/kubeadm-flags.env',
  /** Client and serving certificates of the kubelet. */
  kubeletPkiDir: '/var/lib/kubelet/pki',
  /** Link to the client certificate the kubelet uses now (certificate and key in one file). */
  kubeletClientCertificate: '/var/lib/kubelet/pki/kubelet-client-current.pem',
  /** The kubelet program. */
  kubeletBinary: '/usr/bin/kubelet',
  /** Command line client of Kubernetes. */
  kubectlBinary: '/usr/bin/kubectl',
  /** Command line client of the container runtime interface. */
  crictlBinary: '/usr/bin/crictl',
  /** Which socket crictl talks to. */
  crictlConfig: '/etc/crictl.yaml',
  /** The kubelet's unit, where an administrator's units live: it wins over a package's. */
  kubeletUnit: '/etc/systemd/system/kubelet.service',
  /** kubeadm's drop-in for the kubelet's unit. */
  kubeletDropIn: '/etc/systemd/system/kubelet.service.d/10-kubeadm.conf',
  /** Units of the administrator. */
  systemdDir: '/etc/systemd/system',
  /** Unit of etcd on a host of its own. */
  etcdUnit: '/etc/systemd/system/etcd.service',
  /** The etcd program on a host of its own. */
  etcdBinary: '/usr/local/bin/etcd',
  /** Data of etcd; the cluster file can say another place. */
  etcdDataDir: '/var/lib/etcd',
  /** CNI configuration files. */
  cniConfigDir: '/etc/cni/net.d',
  /** CNI plugins. */
  cniBinDir: '/opt/cni/bin',
  /** State of CNI plugins (address leases). */
  cniStateDir: '/var/lib/cni',
  /** What flannel tells its CNI plugin. */
  flannelRunDir: '/run/flannel',
  /** Configuration of containerd. */
  containerdConfig: '/etc/containerd/config.toml',
  /** Folder of containerd's configuration. */
  containerdConfigDir: '/etc/containerd',
  /** One folder for each registry with its hosts.toml. */
  containerdRegistriesDir: '/etc/containerd/certs.d',
  /** containerd's unit. */
  containerdUnit: '/etc/systemd/system/containerd.service',
  /** Images, snapshots and containers of containerd. */
  containerdStateDir: '/var/lib/containerd',
  /** Socket of containerd. */
  containerdSocket: '/var/run/containerd/containerd.sock',
  /** Configuration of Docker Engine. */
  dockerConfig: '/etc/docker/daemon.json',
  /** CA certificates of registries for Docker Engine, one folder each. */
  dockerRegistriesDir: '/etc/docker/certs.d',
  /** Credentials of registries that the kubelet hands to the runtime with each pull, in the format of Docker's clients. */
  kubeletRegistryAuth: '/var/lib/kubelet/config.json',
  /** Images and containers of Docker Engine. */
  dockerStateDir: '/var/lib/docker',
  /** Docker Engine, of the distribution. */
  dockerBinary: '/usr/sbin/dockerd',
  /** State of cri-dockerd. */
  criDockerdStateDir: '/var/lib/cri-dockerd',
  /** cri-dockerd. */
  criDockerdBinary: '/usr/local/bin/cri-dockerd',
  /** Unit of cri-dockerd. */
  criDockerUnit: '/etc/systemd/system/cri-docker.service',
  /** Unit of cri-dockerd's socket. */
  criDockerSocketUnit: '/etc/systemd/system/cri-docker.socket',
  /** Socket of cri-dockerd. */
  criDockerdSocket: '/var/run/cri-dockerd.sock',
  /** What CRI-O reads besides its defaults; files of this folder replace each other key by key. */
  crioConfig: '/etc/crio/crio.conf.d/50-kbs.conf',
  /** Which signatures images need, for CRI-O and for what loads archives into its store. */
  crioPolicy: '/etc/crio/policy.json',
  /** Credentials of registries for CRI-O, in the format of Docker's clients. */
  crioRegistryAuth: '/etc/crio/registry-auth.json',
  /** CRI-O's unit. */
  crioUnit: '/etc/systemd/system/crio.service',
  /** Socket of CRI-O. The kubelet tells CRI-O by exactly this path. Source: kubelet v1.25 cadvisor/util.go. */
  crioSocket: '/var/run/crio/crio.sock',
  /** Socket, exits and namespaces of CRI-O's pods. */
  crioRunDir: '/run/crio',
  /** Mirrors of registries for CRI-O and everything else made of containers/image. */
  containersRegistries: '/etc/containers/registries.conf.d/50-kbs.conf',
  /** CA certificates of registries for CRI-O, one folder each. */
  containersRegistriesDir: '/etc/containers/certs.d',
  /** Where CRI-O's store is, and that of other programs made of containers/storage. */
  containersStateDir: '/var/lib/containers',
  /** What of that store does not outlive a boot. */
  containersRunDir: '/run/containers',
  /** Programs of containerd, as its release archive has them. */
  localBinDir: '/usr/local/bin',
  /** gVisor. */
  runscBinary: '/usr/local/bin/runsc',
  /** What gVisor's shim for containerd reads. */
  runscConfig: '/etc/containerd/runsc.toml',
  /** Kata: its release has every path below this folder built in. */
  kataDir: '/opt/kata',
  /** What Kata's shim reads: the hypervisor is QEMU. */
  kataConfig: '/opt/kata/share/defaults/kata-containers/configuration.toml',
  /** Kata's shim, as its release has it. */
  kataShim: '/opt/kata/bin/containerd-shim-kata-v2',
  /** Link to Kata's shim: containerd looks for shims in its own PATH. */
  kataShimLink: '/usr/local/bin/containerd-shim-kata-v2',
  /** State of Kata's pods. */
  kataStateDir: '/run/vc',
  /** Sockets of Kata's shims. */
  kataRunDir: '/run/kata',
  /** What Kata's pods share with their hosts, mounts among it. */
  kataSharedDir: '/run/kata-containers',
  /** runc, where containerd's documentation puts it. */
  runcBinary: '/usr/local/sbin/runc',
  /** Modules loaded at boot. */
  modulesLoadFile: '/etc/modules-load.d/kbs.conf',
  /** Kernel settings; sorts behind 99-sysctl.conf, which is /etc/sysctl.conf: the last file wins. */
  sysctlFile: '/etc/sysctl.d/99-zz-kbs.conf',
  /** Names and addresses of hosts. */
  hostsFile: '/etc/hosts',
  /** File systems and swap turned on at boot. */
  fstab: '/etc/fstab',
  /** Network namespaces with a name, those of pods among them. */
  networkNamespacesDir: '/run/netns',
  /** Logs of pods, as the kubelet lays them out. */
  podLogsDir: '/var/log/pods',
  /** Links to the logs of containers. */
  containerLogsDir: '/var/log/containers',
  /** State of kbs on a host. */
  kbsDir: '/etc/kbs',
  /** What the host was like before kbs changed it, one JSON object a line. */
  kbsJournal: '/etc/kbs/journal.jsonl',
  /** That the host's container runtime is being changed; gone when that is done. */
  runtimeChange: '/etc/kbs/runtime-change.json',
  /** Larger things of kbs on a host. */
  kbsStateDir: '/var/lib/kbs',
  /** Lock of the run that works on the host, and who holds it; gone with the run. */
  lockDir: '/run/kbs',
  /** Uploads on their way to their place, named by their sha256. */
  artifactsDir: '/var/lib/kbs/artifacts',
} as const;
