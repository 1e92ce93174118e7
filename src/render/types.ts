import type { RuntimeClassName } from '../constants/index.js';
import type { Secret } from '../secret/index.js';

/** A host path mounted into a static pod besides the defaults. */
export interface ExtraVolume {
  readonly name: string;
  readonly hostPath: string;
  readonly mountPath: string;
  readonly readOnly: boolean;
  /** `hostPath.type`; absent: not checked. */
  readonly pathType?: string | undefined;
}

/** What the user changes on a component. */
export interface ComponentOverrides {
  /** Flags without dashes; they replace defaults of the same name. */
  readonly extraArgs: Readonly<Record<string, string>>;
  readonly extraVolumes: readonly ExtraVolume[];
}

/** Input of kube-apiserver.yaml. */
export interface ApiServerInput extends ComponentOverrides {
  readonly image: string;
  readonly advertiseAddress: string;
  readonly bindPort: number;
  readonly serviceSubnet: string;
  readonly dnsDomain: string;
  /** Client URLs of an etcd that is not on the control planes; absent: the member of this host. */
  readonly etcdEndpoints?: readonly string[] | undefined;
  /** Folders with CA certificates that exist on this host; others than the distributions’ usual ones are left out. */
  readonly trustDirectories: readonly string[];
}

/** Input of kube-controller-manager.yaml. */
export interface ControllerManagerInput extends ComponentOverrides {
  readonly image: string;
  /** Decides which loopback address is used. */
  readonly advertiseAddress: string;
  readonly clusterName: string;
  readonly podSubnet: string;
  readonly serviceSubnet: string;
  readonly trustDirectories: readonly string[];
}

/** Input of kube-scheduler.yaml. */
export interface SchedulerInput extends ComponentOverrides {
  readonly image: string;
  readonly advertiseAddress: string;
}

/** A member of etcd. */
export interface EtcdMemberInput {
  readonly nodeName: string;
  readonly advertiseAddress: string;
  readonly dataDir: string;
  /** Members at the start of this one, itself included, as the flag has them: `cp1=https://10.0.0.11:2380,…`. */
  readonly initialCluster: string;
  /** `existing` when it joins running members; absent for a new cluster. */
  readonly initialClusterState?: string;
  readonly extraArgs: Readonly<Record<string, string>>;
}

/** Input of etcd.yaml. */
export interface EtcdInput extends EtcdMemberInput {
  readonly image: string;
}

/** Input of the kubelet's config.yaml. */
export interface KubeletConfigInput {
  readonly clusterDns: string;
  readonly dnsDomain: string;
  readonly cgroupDriver: 'systemd' | 'cgroupfs';
  /** The node's resolver configuration when systemd-resolved is active there. */
  readonly resolvConf?: string;
  /** Fields of KubeletConfiguration given by the user; they win. */
  readonly overrides: Readonly<Record<string, unknown>>;
}

/** Input of kubeadm-flags.env. */
export interface KubeletFlagsInput {
  /** `unix:///var/run/containerd/containerd.sock` */
  readonly criSocket: string;
  readonly pauseImage: string;
  /** Node name, only when it differs from the host's own name. */
  readonly hostnameOverride?: string;
  /** Taints the node registers with. */
  readonly taints?: readonly { readonly key: string; readonly value?: string | undefined; readonly effect: string }[];
  /** Flags without dashes (`node-ip` …); they win. */
  readonly extraArgs: Readonly<Record<string, string>>;
}

/** Input of containerd's config.toml. */
export interface ContainerdConfigInput {
  readonly pauseImage: string;
  readonly cgroupDriver: 'systemd' | 'cgroupfs';
  /** True where process 1 lacks CAP_SYS_RESOURCE: negative oom scores cannot be set there. */
  readonly restrictOomScoreAdj: boolean;
  /** What is there for pods that ask for it. */
  readonly runtimeClasses?: readonly RuntimeClassName[];
}

/** Settings of gVisor. */
export interface RunscConfigInput {
  readonly platform?: string | undefined;
  readonly network: string;
  readonly cgroupDriver: 'systemd' | 'cgroupfs';
}

/** Input of CRI-O's drop-in. */
export interface CrioConfigInput {
  readonly cgroupDriver: 'systemd' | 'cgroupfs';
  readonly pauseImage: string;
  /** Absolute paths of the programs it starts. */
  readonly runc: string;
  readonly conmon: string;
  readonly pinns: string;
  /** A file with credentials of registries is there. */
  readonly hasCredentials?: boolean;
  /** What is there for pods that ask for it. */
  readonly runtimeClasses?: readonly RuntimeClassName[];
}

/** Input of Docker Engine's daemon.json. */
export interface DockerConfigInput {
  readonly cgroupDriver: 'systemd' | 'cgroupfs';
  readonly registries: readonly Pick<RegistryInput, 'host' | 'mirrors' | 'insecureSkipVerify'>[];
}

/** Input of a service's drop-in with its proxy. */
export interface ProxyInput {
  readonly httpProxy?: string | undefined;
  readonly httpsProxy?: string | undefined;
  /** Names, suffixes with a leading dot, addresses, subnets. */
  readonly noProxy: readonly string[];
}

/** A registry and its mirrors. */
export interface RegistryInput {
  /** As in image names: `docker.io`, `10.0.0.5:5000`. */
  readonly host: string;
  /** URLs, tried in this order before the registry itself. */
  readonly mirrors: readonly string[];
  readonly insecureSkipVerify: boolean;
  /** CA certificate of the mirrors, or of the registry where it has none; on the host. */
  readonly caPath?: string;
}

/** What a registry wants to see before it gives an image. */
export interface RegistryCredentials {
  /** As in image names: `docker.io`, `10.0.0.5:5000`. */
  readonly host: string;
  readonly username: string;
  readonly password: Secret;
}

/** Input of the ClusterConfiguration in ConfigMap kubeadm-config. */
export interface ClusterConfigurationInput {
  readonly clusterName: string;
  /** With a leading v. */
  readonly kubernetesVersion: string;
  /** `host:port`. */
  readonly controlPlaneEndpoint: string;
  readonly imageRepository: string;
  readonly dnsDomain: string;
  readonly podSubnet: string;
  readonly serviceSubnet: string;
  readonly apiServer: ComponentOverrides & { readonly certSANs: readonly string[] };
  readonly controllerManager: ComponentOverrides;
  readonly scheduler: ComponentOverrides;
  readonly etcd: { readonly dataDir: string; readonly extraArgs: Readonly<Record<string, string>> };
  /** Client URLs of an etcd that is not on the control planes: to kubeadm it is external, whoever set it up. */
  readonly externalEtcd?: readonly string[] | undefined;
}

/** Input of the KubeProxyConfiguration in ConfigMap kube-proxy. */
export interface KubeProxyConfigInput {
  readonly podSubnet: string;
  /** Decides between 0.0.0.0 and ::. */
  readonly advertiseAddress: string;
  /** Absent: iptables, which kubeadm leaves empty. */
  readonly ipvs?: { readonly scheduler: string; readonly strictARP: boolean; readonly excludeCIDRs: readonly string[] } | undefined;
  /** Fields of KubeProxyConfiguration given by the user; they win. */
  readonly overrides: Readonly<Record<string, unknown>>;
}
