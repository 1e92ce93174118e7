import type { ClusterSpec } from '../config/index.js';
import type { EtcdMember } from '../etcd/index.js';
import type { EventBus } from '../events/index.js';
import type { KubeObject } from '../kube/index.js';

/** What the cluster has and the cluster file has not. */
export interface Strangers {
  /** Names of Nodes. */
  readonly nodes: readonly string[];
  /** Members of etcd without a Node: names, or identifiers of those that have never started. */
  readonly members: readonly string[];
}

/** Compares the cluster with its file. Pure. */
export function findStrangers(
  spec: Pick<ClusterSpec, 'hosts'>,
  nodes: readonly KubeObject[],
  members: readonly Pick<EtcdMember, 'id' | 'name' | 'peerUrls'>[],
): Strangers {
  const known = new Set(spec.hosts.map(({ name }) => name));
  const strange = nodes.map(({ metadata }) => metadata.name).filter((name) => !known.has(name));
  // One that was added and has not started yet has no name, but an address.
  const isOfHost = ({ peerUrls }: Pick<EtcdMember, 'peerUrls'>): boolean =>
    peerUrls.some((url) => spec.hosts.some(({ address }) => new URL(url).hostname === address));
  const orphans = members.filter((member) => !known.has(member.name) && !strange.includes(member.name) && !isOfHost(member));
  return { nodes: strange, members: orphans.map(({ name, id }) => (name === '' ? id : name)) };
}

/** Told of, never removed: what the file does not name may be somebody's. @returns all names */
export function warnOfStrangers(bus: EventBus, { nodes, members }: Strangers): readonly string[] {
  for (const name of nodes) {
    const remedy = [`kbs node remove ${name} -f CLUSTER_FILE`, 'or name it in the cluster file'];
    bus.emit({ type: 'warning', message: `the cluster has a node ${name} that the cluster file has not`, remedy });
  }
  for (const name of members) {
    const remedy = [`kbs node remove ${name} --dead -f CLUSTER_FILE   # if its host is gone`];
    bus.emit({ type: 'warning', message: `etcd has a member ${name} that is no host of the cluster file, and no node`, remedy });
  }
  return [...nodes, ...members];
}
