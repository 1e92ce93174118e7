import { stringify } from 'yaml';
import type { Lab } from './lab.js';

/** What a test wants in its cluster file besides the lab's hosts. */
export interface LabClusterOptions {
  readonly name?: string;
  /** Hosts of the lab that belong to the cluster; default: all. */
  readonly hosts?: readonly string[];
  /** Container runtimes of single hosts, by name. */
  readonly runtimes?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly artifacts: Readonly<Record<string, unknown>>;
  /** Merged over `spec` (top-level keys). */
  readonly spec?: Readonly<Record<string, unknown>>;
}

function roleOf(name: string): 'control-plane' | 'etcd' | 'worker' {
  if (name.startsWith('cp')) return 'control-plane';
  return name.startsWith('etcd') ? 'etcd' : 'worker';
}

/**
 * A cluster file for hosts of a lab: names that start with `cp` are control planes, with `etcd` hosts of etcd.
 * The disk of a lab host is the machine's own: the kubelet's limits are absolute here, not shares of a disk that others fill.
 */
export function labClusterFile(lab: Lab, options: LabClusterOptions): string {
  const wanted = options.hosts ?? lab.hosts.map((host) => host.name);
  const hosts = lab.hosts
    .filter((host) => wanted.includes(host.name))
    .map((host) => ({
      name: host.name,
      address: host.address,
      roles: [roleOf(host.name)],
      ...(options.runtimes?.[host.name] === undefined ? {} : { containerRuntime: options.runtimes[host.name] }),
      ...(host.user === 'root' ? {} : { ssh: { user: host.user } }),
    }));
  return stringify({
    apiVersion: 'kbs.dev/v1alpha1',
    kind: 'Cluster',
    metadata: { name: options.name ?? lab.name },
    spec: {
      kubernetesVersion: 'v1.25.0',
      ssh: { user: 'root', identityFile: lab.identityFile, knownHostsFile: lab.knownHostsFile },
      hosts,
      network: { kubeProxy: { config: { conntrack: { maxPerCore: 0 } } } },
      kubelet: {
        config: {
          evictionHard: { 'memory.available': '100Mi', 'nodefs.available': '1Gi', 'nodefs.inodesFree': '1%', 'imagefs.available': '1Gi' },
          imageGCHighThresholdPercent: 100,
          imageGCLowThresholdPercent: 99,
        },
      },
      artifacts: options.artifacts,
      ...options.spec,
    },
  });
}
