import type {
  ApiServerInput,
  ClusterConfigurationInput,
  ContainerdConfigInput,
  ControllerManagerInput,
  EtcdInput,
  KubeletConfigInput,
  KubeletFlagsInput,
  KubeProxyConfigInput,
  RegistryInput,
  SchedulerInput,
} from './types.js';

export type * from './types.js';

/** Folders with CA certificates that kubeadm mounts where they exist. */
export declare const OPTIONAL_TRUST_DIRECTORIES: readonly string[];
export declare function renderApiServer(input: ApiServerInput): string;
export declare function renderControllerManager(input: ControllerManagerInput): string;
export declare function renderScheduler(input: SchedulerInput): string;
export declare function renderEtcd(input: EtcdInput): string;
export declare function renderKubeletConfig(input: KubeletConfigInput): string;
export declare function renderKubeletFlags(input: KubeletFlagsInput): string;
export declare function renderKubeletUnit(): string;
export declare function renderKubeletDropIn(): string;
export declare function renderContainerdConfig(input: ContainerdConfigInput): string;
export declare function renderContainerdUnit(input: { readonly binary: string }): string;
/** Path below /etc/containerd/certs.d and text. */
export declare function renderHostsToml(registry: RegistryInput): { readonly path: string; readonly text: string };
export declare function renderCrictlConfig(input: { readonly criSocket: string }): string;
export declare function renderClusterConfiguration(input: ClusterConfigurationInput): string;
export declare function renderKubeProxyConfig(input: KubeProxyConfigInput): string;
/** `kubeconfig.conf` of ConfigMap kube-proxy. */
export declare function renderKubeProxyKubeconfig(input: { readonly server: string }): string;
export declare function renderCorefile(input: { readonly dnsDomain: string }): string;
