export { controlPlanes, endpointOf, nodeNameOf, serviceAddress, workers } from './access.js';
export { clusterFileSchema, type ClusterFile, type ClusterFileInput, type ClusterSpec, type HostSpec } from './schema.js';
