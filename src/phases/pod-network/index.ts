export { calicoInput, routeReflectorMarks } from './calico-input.js';
export { calicoDefinitions } from './calico-crds.js';
export { calicoConfigMap, calicoObjects, calicoResources, speaksBgp, typhaReplicasFor, type CalicoInput } from './calico.js';
export { flannelCniConfig } from './cni-config.js';
export { flannelObjects, type FlannelInput } from './flannel.js';
export { kubeProxyConfigMap, kubeProxyObjects, type KubeProxyInput } from './kube-proxy.js';
export { flannelInput, kubeProxyInput, podNetworkPhase } from './phase.js';
