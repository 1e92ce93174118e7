import { PATHS } from '../../constants/index.js';

/** File with flannel's CNI configuration; the flannel DaemonSet writes the same name and content. */
export const FLANNEL_CNI_FILE = `${PATHS.cniConfigDir}/10-flannel.conflist`;

/** File with kube-router's CNI configuration; its DaemonSet writes it, kube-router itself adds the node's pod CIDR and MTU. */
export const KUBE_ROUTER_CNI_FILE = `${PATHS.cniConfigDir}/10-kuberouter.conflist`;

/** File with Calico's CNI configuration; its DaemonSet writes it. */
export const CALICO_CNI_FILE = `${PATHS.cniConfigDir}/10-calico.conflist`;

/** Calico's own kubeconfig for its CNI plugin; its DaemonSet writes it. */
export const CALICO_KUBECONFIG = `${PATHS.cniConfigDir}/calico-kubeconfig`;

/**
 * All networks have one name: addresses in use and ports of hosts are noted under it, and so a pod that one network has connected can
 * be taken off cleanly when another has come.
 */
export const NETWORK_NAME = 'cbr0';

const PORT_MAP = { type: 'portmap', capabilities: { portMappings: true } };

function listText(plugin: object): string {
  return `${JSON.stringify({ name: NETWORK_NAME, cniVersion: '0.3.1', plugins: [plugin, PORT_MAP] }, null, 2)}\n`;
}

/**
 * flannel's CNI configuration list, the content of 10-flannel.conflist. The same text is in flannel's ConfigMap, whose
 * init container writes it to every node; a node that has it before its kubelet starts is Ready ten seconds earlier.
 * @param mtu of pods' interfaces; absent: what flannel finds
 */
export function flannelCniConfig(mtu?: number): string {
  return listText({ type: 'flannel', delegate: { hairpinMode: true, isDefaultGateway: true, ...(mtu === undefined ? {} : { mtu }) } });
}

/** kube-router's CNI configuration list, without what it adds itself. */
export function kubeRouterCniConfig(): string {
  return listText({ type: 'bridge', bridge: 'kube-bridge', isDefaultGateway: true, hairpinMode: true, ipam: { type: 'host-local' } });
}
