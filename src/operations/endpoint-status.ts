import { endpointProvider, type ClusterSpec, type EndpointProvider } from '../config/index.js';
import type { Host } from '../host/index.js';
import { endpointOfHost, isNode, nodeAccess, type EndpointOfHost } from '../phases/index.js';

/** What makes the control-plane endpoint answer, at a glance. */
export interface EndpointStatus {
  /** Absent: a single control plane answers for itself. */
  readonly provider?: EndpointProvider;
  /** Where kubelets look for the API; with local-lb each finds it on its own node. */
  readonly server: string;
  /** Nodes that could be reached. */
  readonly hosts: readonly EndpointOfHost[];
}

/** Looks at the control-plane endpoint from every node at once. Never throws for what does not answer. */
export async function endpointStatus(spec: ClusterSpec, hosts: readonly Host[], ca: string): Promise<EndpointStatus> {
  const provider = endpointProvider(spec);
  return {
    ...(provider === undefined ? {} : { provider }),
    server: nodeAccess(spec, ca).server,
    hosts: await Promise.all(hosts.filter(isNode).map((host) => endpointOfHost(spec, host, ca))),
  };
}
