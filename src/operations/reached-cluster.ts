import type { HostSpec } from '../config/index.js';
import { etcdTopology } from '../constants/index.js';
import type { EtcdAccess, EtcdMemberHealth } from '../etcd/index.js';
import type { Host } from '../host/index.js';
import type { KubeApi, KubeObject } from '../kube/index.js';
import { membersHealth } from '../phases/index.js';
import { openClusterApi, openClusterEtcd } from './cluster-api.js';
import { connectHelpers, disconnect, type ClusterInput } from './cluster-run.js';
import { createPkiSource } from './pki-source.js';

/** Ways into a cluster through control planes. */
export interface ReachedCluster {
  readonly helpers: readonly Host[];
  readonly api: KubeApi;
  /** undefined where etcd does not run on the control planes: no node is a member then. */
  readonly etcd: EtcdAccess | undefined;
}

/**
 * Does something with a cluster through whichever of some control planes lives, and closes every connection, whatever happens.
 * @throws KbsError SSH_UNREACHABLE and the like when none lives, STEP_MISSING without a cluster, KUBE_UNREACHABLE
 */
export async function withReachedCluster<T>(
  input: ClusterInput,
  controlPlanes: readonly HostSpec[],
  work: (cluster: ReachedCluster) => Promise<T>,
): Promise<T> {
  const helpers = await connectHelpers(input, controlPlanes);
  try {
    const pki = createPkiSource({ controlPlanes: helpers, mayCreate: false, now: input.now });
    await pki.shared();
    const api = await openClusterApi(helpers, pki, input.now).connect(input.signal);
    const etcd = etcdTopology(input.spec) === 'stacked' ? openClusterEtcd(helpers, pki, input.now) : undefined;
    try {
      return await work({ helpers, api, etcd });
    } finally {
      etcd?.close();
      await api.close();
    }
  } finally {
    await disconnect({ targets: [], helpers });
  }
}

/** Nodes of the API and members of etcd; no members where etcd does not run on the control planes. */
export async function nodesAndMembers(
  { api, etcd }: ReachedCluster,
  signal: AbortSignal,
): Promise<{ readonly nodes: readonly KubeObject[]; readonly members: readonly EtcdMemberHealth[] }> {
  const [nodes, members] = await Promise.all([
    api.list({ apiVersion: 'v1', kind: 'Node' }),
    etcd === undefined ? [] : membersHealth(etcd, signal),
  ]);
  return { nodes, members };
}
