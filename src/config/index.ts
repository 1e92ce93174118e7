export {
  controlPlanes,
  endpointOf,
  endpointProvider,
  etcdHosts,
  hasNamelessEndpoint,
  nodeHosts,
  nodeNameOf,
  serviceAddress,
  workers,
} from './access.js';
export { ENDPOINT_PROVIDERS, hasVirtualAddress, type EndpointProvider } from './checks/endpoint.js';
export { FLANNEL_BACKENDS, POLICY_ENGINES, type FlannelBackend, type PodNetworkType, type PolicyEngine } from './checks/pod-network.js';
export { cidrContains } from './checks/subnet.js';
export type { DocumentPath } from './document-path.js';
export { effectiveClusterFile, formatClusterFile } from './effective.js';
export { composeClusterSpec, type ComposedCluster, type ComposeOptions } from './compose.js';
export { clusterFileJsonSchema, type JsonSchema } from './json-schema.js';
export { clusterSpecOf, loadClusterFile, parseClusterFile, type LoadedCluster, type ParseOptions } from './load.js';
export { nearest } from './nearest.js';
export { renderConfigReference } from './reference.js';
export { CALICO_MODES } from './schema-calico.js';
export { IPVS_SCHEDULERS } from './schema-kube-proxy.js';
export { clusterFileSchema, type ClusterFile, type ClusterFileInput, type ClusterSpec, type HostSpec } from './schema.js';
export { parseEndpoint, renderClusterFile, type ClusterFileTemplate } from './template.js';
