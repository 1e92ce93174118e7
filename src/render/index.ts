export { renderClusterConfiguration, renderCorefile, renderKubeProxyConfig, renderKubeProxyKubeconfig } from './cluster-objects.js';
export {
  renderContainerdConfig,
  renderContainerdUnit,
  renderCrictlConfig,
  renderProxyDropIn,
  renderRunscConfig,
} from './container-runtime.js';
export { renderContainersRegistries, renderCrioConfig, renderCrioUnit, renderSignaturePolicy } from './crio.js';
export { renderCriDockerSocket, renderCriDockerUnit, renderDockerConfig } from './docker.js';
export { renderHostsToml, renderRegistryAuth, withContainerdCredentials } from './registries.js';
export { renderApiServer, renderControllerManager, renderScheduler } from './control-plane.js';
export { renderCloudInit, renderJoinScript, type JoinScriptFields } from './join-script.js';
export {
  keepalivedPassword,
  renderEndpointCheck,
  renderHaproxy,
  renderKeepalived,
  renderKubeVip,
  renderLocalLb,
  FILE_MARK,
  type HaproxyInput,
  type KeepalivedInput,
  type KubeVipInput,
  type LocalLbInput,
  HAPROXY_STATS_PATH,
} from './endpoint.js';
export { mergeFields } from './merge-fields.js';
export { renderEtcd, renderEtcdUnit } from './etcd.js';
export { renderKubeletConfig, renderKubeletDropIn, renderKubeletFlags, renderKubeletUnit } from './kubelet.js';
export type {
  ApiServerInput,
  ClusterConfigurationInput,
  ComponentOverrides,
  ContainerdConfigInput,
  ControllerManagerInput,
  CrioConfigInput,
  DockerConfigInput,
  EtcdInput,
  EtcdMemberInput,
  ExtraVolume,
  KubeletConfigInput,
  KubeletFlagsInput,
  KubeProxyConfigInput,
  ProxyInput,
  RegistryCredentials,
  RegistryInput,
  SchedulerInput,
} from './types.js';
