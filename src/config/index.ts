export { controlPlanes, endpointOf, nodeNameOf, serviceAddress, workers } from './access.js';
export type { DocumentPath } from './document-path.js';
export { effectiveClusterFile, formatClusterFile } from './effective.js';
export { composeClusterSpec, type ComposedCluster, type ComposeOptions } from './compose.js';
export { clusterFileJsonSchema, type JsonSchema } from './json-schema.js';
export { clusterSpecOf, loadClusterFile, parseClusterFile, type LoadedCluster, type ParseOptions } from './load.js';
export { renderConfigReference } from './reference.js';
export { clusterFileSchema, type ClusterFile, type ClusterFileInput, type ClusterSpec, type HostSpec } from './schema.js';
export { parseEndpoint, renderClusterFile, type ClusterFileTemplate } from './template.js';
