/** Where a pod asks the API. */
export interface ApiAddress {
  /** Name or address; IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
}

/** Names a pod reads the API's address from. Source: client-go v0.25, rest.InClusterConfig. */
export const API_VARIABLES = { host: 'KUBERNETES_SERVICE_HOST', port: 'KUBERNETES_SERVICE_PORT' } as const;

/**
 * Variables by which a pod on the host's network asks the API where kubelets and kube-proxy do, and not by its service. That one
 * answers only when kube-proxy has been on the node: what comes first ends, and is held back for ten seconds or twenty, at every
 * start of the node. Empty without an address: it asks the service. The kubelet sets only variables that are missing.
 */
export function apiVariables(address: ApiAddress | undefined): Readonly<Record<string, string>> {
  return address === undefined ? {} : { [API_VARIABLES.host]: address.host, [API_VARIABLES.port]: String(address.port) };
}
