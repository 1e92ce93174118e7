export { clusterFileSchema, type ClusterFile, type ClusterSpec, type HostSpec } from './schema.js';
