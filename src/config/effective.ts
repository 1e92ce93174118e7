import { stringify } from 'yaml';
import type { ClusterFile, ClusterSpec } from './schema.js';

/** The cluster file that says in full what a spec came to: every default written out, local paths absolute. */
export function effectiveClusterFile(cluster: ClusterSpec): ClusterFile {
  const { name, ...spec } = cluster;
  return { apiVersion: 'kbs.dev/v1alpha1', kind: 'Cluster', metadata: { name }, spec };
}

/** A cluster file as YAML, in full or as it is written. */
export function formatClusterFile(file: Pick<ClusterFile, 'apiVersion' | 'kind'>): string {
  return stringify(file, { lineWidth: 0, aliasDuplicateObjects: false });
}
