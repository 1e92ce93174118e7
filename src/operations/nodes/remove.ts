import { controlPlanes, etcdHosts, type ClusterSpec } from '../../config/index.js';
import type { Change } from '../../engine/index.js';
import { KbsError } from '../../errors/index.js';
import type { Host } from '../../host/index.js';
import { LEAVE_PHASES, peerUrlOf, type LeaveContext } from '../../phases/index.js';
import { connectTargets, disconnect, runPhases, type ClusterInput } from '../cluster-run.js';
import { followControlPlanes } from '../load-balancers.js';
import { nodesAndMembers, withReachedCluster, type ReachedCluster } from '../reached-cluster.js';
import { checkLeaving, findLeaving, isUnknown, unknownNode, type Leaving, type LeaveWishes } from './leaving.js';

/** `kbs node remove`. */
export interface RemoveOptions extends LeaveWishes {
  readonly name: string;
  readonly drainTimeoutMs: number;
  readonly mode: 'apply' | 'plan';
}

/** What a command on one node came to. */
export interface NodeResult {
  readonly operation: 'node remove' | 'node replace' | 'node drain' | 'node cordon' | 'node uncordon';
  readonly cluster: string;
  readonly node: string;
  readonly changes: readonly Change[];
  /** What is left to do by hand. */
  readonly next: readonly string[];
  readonly durationMs: number;
}

/** The same cluster file without one of its hosts. */
export function withoutHost(input: ClusterInput, name: string): ClusterInput {
  return { ...input, spec: { ...input.spec, hosts: input.spec.hosts.filter((host) => host.name !== name) } };
}

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

/** @throws KbsError USAGE for a host with role etcd: it is no node, and its data is not moved */
function refuseEtcdHost(spec: ClusterSpec, name: string): void {
  if (!etcdHosts(spec).some((host) => host.name === name)) return;
  throw new KbsError('USAGE', `${name} is a host of etcd and no node: kbs takes no members out of an etcd on hosts of its own`, {
    remedy: ['etcdctl member remove ID   # on another host of etcd; then take the host out of the cluster file'],
  });
}

async function connectLeaving(input: ClusterInput, { name, host }: Leaving, isDead: boolean): Promise<readonly Host[]> {
  if (isDead || host === undefined) return [];
  try {
    return await connectTargets(input, [host]);
  } catch (error) {
    if (!(error instanceof KbsError)) throw error;
    throw new KbsError(error.code, error.message, {
      where: error.where,
      details: error.details,
      remedy: [`add --dead, if the host is gone for good: ${name} is taken out of the cluster without it`, ...error.remedy],
      cause: error,
    });
  }
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
 * `kbs node remove`: like {@link leaveCluster}; then the load balancers of the nodes that stay forget a control plane.
 * @throws KbsError as {@link leaveCluster}, and what phases throw
 */
export async function removeNode(input: ClusterInput, options: RemoveOptions): Promise<NodeResult> {
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
  refuseEtcdHost(input.spec, name);
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
