export { customNetworkImages } from './custom.js';
export { calicoInput, routeReflectorMarks } from './calico-input.js';
export { calicoDefinitions } from './calico-crds.js';
export { calicoConfigMap, calicoObjects, calicoResources, speaksBgp, typhaReplicasFor, type CalicoInput } from './calico.js';
export {
  CALICO_CNI_FILE,
  CALICO_KUBECONFIG,
  FLANNEL_CNI_FILE,
  flannelCniConfig,
  KUBE_ROUTER_CNI_FILE,
  kubeRouterCniConfig,
  NETWORK_NAME,
} from './cni-config.js';
export { flannelInput } from './flannel-steps.js';
export { flannelObjects, type FlannelInput } from './flannel.js';
export { addressPattern, networkLink, type NetworkLink } from './interface.js';
export { readFlannel, type LiveFlannel } from './live-flannel.js';
export { kubeRouterObjects, type KubeRouterInput } from './kube-router.js';
export { networkMode, podMtu, type NetworkMode } from './mode.js';
export { kubeProxyConfigMap, kubeProxyObjects, type KubeProxyInput } from './kube-proxy.js';
export { kubeProxyInput, kubeRouterInput, podNetworkPhase } from './phase.js';
