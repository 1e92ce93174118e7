/** Where a pod asks the API. */
export interface ApiAddress {
  /** Name or address; IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
}

/**
 * Variables by which a pod on the host's network asks the API where kubelets and kube-proxy do, and not by its service. That one
 * answers only when kube-proxy has been on the node: what comes first ends, and is held back for ten seconds or twenty, at every
 * start of the node. Empty without an address: it asks the service. Source: client-go v0.25, rest.InClusterConfig;
 * the kubelet sets only variables that are missing.
 */
export function apiVariables(address: ApiAddress | undefined): Readonly<Record<string, string>> {
  return address === undefined ? {} : { KUBERNETES_SERVICE_HOST: address.host, KUBERNETES_SERVICE_PORT: String(address.port) };
}
