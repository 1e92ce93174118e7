export { flannelCniConfig } from './cni-config.js';
export { FLANNEL_CONFIG_MAP, FLANNEL_DAEMON_SET, flannelConfigMap, flannelObjects, type FlannelInput } from './flannel.js';
export { kubeProxyConfigMap, kubeProxyObjects, type KubeProxyInput } from './kube-proxy.js';
export { flannelInput, kubeProxyInput, podNetworkPhase } from './phase.js';
