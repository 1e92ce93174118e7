import { clusterSpecOf, type ClusterFileInput, type ClusterSpec } from '../../src/config/index.js';

/** What differs from one control plane and one worker with all defaults. */
export interface ClusterSpecOptions {
  readonly controlPlanes?: number;
  readonly workers?: number;
  /** Fields of `spec` besides `hosts`. */
  readonly spec?: Omit<ClusterFileInput['spec'], 'hosts'>;
}

/** The spec of a cluster file: cp1, cp2 … at 10.0.0.11 and on, w1, w2 … at 10.0.0.21 and on. */
export function aClusterSpec({ controlPlanes = 1, workers = 1, spec = {} }: ClusterSpecOptions = {}): ClusterSpec {
  const hosts = (count: number, prefix: string, firstByte: number, role: 'control-plane' | 'worker') =>
    Array.from({ length: count }, (_, index) => ({
      name: `${prefix}${index + 1}`,
      address: `10.0.0.${firstByte + index}`,
      roles: [role] as [typeof role],
    }));
  const file: ClusterFileInput = {
    apiVersion: 'kbs.dev/v1alpha1',
    kind: 'Cluster',
    spec: {
      ...(controlPlanes > 1 ? { controlPlaneEndpoint: { host: 'k8s.example.org' } } : {}),
      ...spec,
      hosts: [...hosts(controlPlanes, 'cp', 11, 'control-plane'), ...hosts(workers, 'w', 21, 'worker')],
    },
  };
  return clusterSpecOf(file, { baseDirectory: '/' });
}
