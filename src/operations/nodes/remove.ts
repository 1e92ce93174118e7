import { controlPlanes, type ClusterSpec } from '../../config/index.js';
import { KbsError } from '../../errors/index.js';
import { LEAVE_PHASES, peerUrlOf, type LeaveContext } from '../../phases/index.js';
import { disconnect, runPhases, type ClusterInput } from '../cluster-run.js';
import { followControlPlanes } from '../load-balancers.js';
import { nodesAndMembers, withReachedCluster, type ReachedCluster } from '../reached-cluster.js';
import { isOfEtcd, removeEtcdHost } from './etcd-host.js';
import {
  checkLeaving,
  connectLeaving,
  findLeaving,
  isUnknown,
  unknownNode,
  withoutHost,
  type Leaving,
  type NodeResult,
  type RemoveOptions,
} from './leaving.js';

/** Control planes of the file but one. @throws KbsError ETCD_QUORUM when it is the only one */
function stayingControlPlanes(spec: ClusterSpec, name: string): ReturnType<typeof controlPlanes> {
  const staying = controlPlanes(spec).filter((host) => host.name !== name);
  if (staying.length > 0) return staying;
  throw new KbsError('ETCD_QUORUM', `${name} is the only control plane of the file: without it there is no cluster`, {
    remedy: [
      'kbs node replace OLD NEW -f CLUSTER_FILE   # moves the cluster to another host',
      'kbs reset -f CLUSTER_FILE   # ends the cluster',
    ],
  });
}

async function leave(input: ClusterInput, cluster: ReachedCluster, leaving: Leaving, options: RemoveOptions): Promise<NodeResult> {
  const { name, mode, isDead, isReplaced, force, drainTimeoutMs } = options;
  const targets = await connectLeaving(input, leaving, isDead);
  const context: LeaveContext = {
    cluster: cluster.api,
    // The Node object goes in a phase of its own here.
    api: undefined,
    etcd: cluster.etcd,
    node: name,
    peerUrl: leaving.host === undefined ? undefined : peerUrlOf(leaving.host),
    drainTimeoutMs,
    force,
    isReplaced,
    isDead: isDead || targets.length === 0,
  };
  try {
    const hosts = { targets, helpers: cluster.helpers };
    const { changes, durationMs } = await runPhases(input, { operation: 'node remove', phases: LEAVE_PHASES, context, hosts, mode });
    const next = leaving.isInFile ? [`delete ${name} from the cluster file, or the next kbs apply brings it back`] : [];
    return { operation: 'node remove', cluster: input.spec.name, node: name, changes, next, durationMs };
  } finally {
    await disconnect({ targets, helpers: [] });
  }
}

/**
 * `kbs node remove`: like {@link leaveCluster}; then the load balancers of the nodes that stay forget a control plane. A host of etcd is no
 * node: its member leaves, and the API servers forget it.
 * @throws KbsError as {@link leaveCluster}, and what phases throw
 */
export async function removeNode(input: ClusterInput, options: RemoveOptions): Promise<NodeResult> {
  if (await isOfEtcd(input, options.name)) return removeEtcdHost(input, options);
  const left = await leaveCluster(input, options);
  const isControlPlane = controlPlanes(input.spec).some(({ name }) => name === options.name);
  if (!isControlPlane) return left;
  return { ...left, changes: [...left.changes, ...(await followControlPlanes(withoutHost(input, options.name), [], options.mode))] };
}

/**
 * Drains a node, takes its member out of etcd and its Node out of the API, and puts its host back as it was. What is
 * done already is not done again, so a run that was cut off is continued.
 * @throws KbsError USAGE, ETCD_QUORUM, ETCD_UNREACHABLE, PREFLIGHT_FAILED before anything is changed; DRAIN_BLOCKED and what phases throw
 */
export async function leaveCluster(input: ClusterInput, options: RemoveOptions): Promise<NodeResult> {
  const { name } = options;
  return withReachedCluster(input, stayingControlPlanes(input.spec, name), async (cluster) => {
    const found = { spec: input.spec, ...(await nodesAndMembers(cluster, input.signal)) };
    const leaving = findLeaving(name, found);
    if (isUnknown(leaving)) {
      if (!options.isReplaced) throw unknownNode(name, found.nodes);
      return { operation: 'node remove', cluster: input.spec.name, node: name, changes: [], next: [], durationMs: 0 };
    }
    checkLeaving(leaving, options, found);
    return leave(input, cluster, leaving, options);
  });
}
