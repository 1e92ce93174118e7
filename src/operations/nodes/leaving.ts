import { endpointOf, hasNamelessEndpoint, type ClusterSpec, type HostSpec } from '../../config/index.js';
import { NODE_KEYS } from '../../constants/index.js';
import { removalProblem, type EtcdMemberHealth } from '../../etcd/index.js';
import { KbsError } from '../../errors/index.js';
import { internalAddress, isReady, type KubeObject } from '../../kube/index.js';
import type { Change } from '../../engine/index.js';
import type { Host } from '../../host/index.js';
import { memberOfNode, peerUrlOf } from '../../phases/index.js';
import { connectTargets, type ClusterInput } from '../cluster-run.js';

/** What there is of a node that is to leave: in the cluster file, in the API, in etcd. */
export interface Leaving {
  readonly name: string;
  /** Of the file; else as the Node tells where it is. Absent when nobody knows its address. */
  readonly host: HostSpec | undefined;
  readonly isInFile: boolean;
  readonly node: KubeObject | undefined;
  readonly member: EtcdMemberHealth | undefined;
}

/** A host as its Node describes it; how to log in is what the file says for all. */
function hostOfNode(node: KubeObject | undefined): HostSpec | undefined {
  const address = internalAddress(node);
  if (node === undefined || address === undefined) return undefined;
  const isControlPlane = node.metadata.labels?.[NODE_KEYS.controlPlane] !== undefined;
  return { name: node.metadata.name, address, roles: [isControlPlane ? 'control-plane' : 'worker'], labels: {} };
}

/** Puts together what is known of a node. Pure. */
export function findLeaving(
  name: string,
  found: {
    readonly spec: Pick<ClusterSpec, 'hosts'>;
    readonly nodes: readonly KubeObject[];
    readonly members: readonly EtcdMemberHealth[];
  },
): Leaving {
  const inFile = found.spec.hosts.find((host) => host.name === name);
  const node = found.nodes.find(({ metadata }) => metadata.name === name);
  const host = inFile ?? hostOfNode(node);
  const member = memberOfNode(found.members, { name, peerUrl: host === undefined ? undefined : peerUrlOf(host) });
  return { name, host, isInFile: inFile !== undefined, node, member };
}

/** Neither the file nor the cluster knows it. */
export function isUnknown({ host, member }: Leaving): boolean {
  return host === undefined && member === undefined;
}

/** @throws KbsError USAGE for a name nobody knows */
export function unknownNode(name: string, nodes: readonly KubeObject[]): KbsError {
  return new KbsError('USAGE', `there is no node ${name} in the cluster, and no host of that name in the cluster file`, {
    remedy: [`nodes: ${nodes.map(({ metadata }) => metadata.name).join(' ')}`],
  });
}

/** @throws KbsError USAGE for a name that neither the file nor etcd knows */
export function unknownMember(name: string, members: readonly EtcdMemberHealth[]): KbsError {
  return new KbsError('USAGE', `there is no host ${name} in the cluster file, and no member of that name in etcd`, {
    remedy: [`members: ${members.map(({ member }) => member.name).join(' ')}`],
  });
}

/** How a node is to leave. */
export interface LeaveWishes {
  /** The host is gone: nothing is asked of it. */
  readonly isDead: boolean;
  readonly force: boolean;
  /** Another node takes its place. */
  readonly isReplaced: boolean;
}

/** @throws KbsError ETCD_QUORUM when etcd cannot do without a member; nothing is asked for what is none */
export function checkQuorumWithout(
  member: EtcdMemberHealth | undefined,
  members: readonly EtcdMemberHealth[],
  { force, isReplaced }: Pick<LeaveWishes, 'force' | 'isReplaced'>,
): void {
  const problem = member === undefined ? undefined : removalProblem(members, member.member.id, { mayBeEven: force || isReplaced });
  if (problem !== undefined) throw problem;
}

/**
 * Whether a node may leave, looked at before anything is changed. Pure.
 * @throws KbsError ETCD_QUORUM, PREFLIGHT_FAILED
 */
export function checkLeaving(
  leaving: Leaving,
  wishes: LeaveWishes,
  { spec, members }: { readonly spec: ClusterSpec; readonly members: readonly EtcdMemberHealth[] },
): void {
  const { name, host, node, member } = leaving;
  const { isDead, force } = wishes;
  checkQuorumWithout(member, members, wishes);
  // A node counts as Ready for most of a minute after its host has gone; its member of etcd is more to be relied on.
  if (isDead && isReady(node) && !force && (member === undefined || member.problem === undefined)) {
    throw new KbsError('PREFLIGHT_FAILED', `node ${name} is Ready: its kubelet reports, so its host is not gone`, {
      remedy: [
        `kbs node remove ${name} -f CLUSTER_FILE   # without --dead: drains it and cleans its host`,
        'wait a minute and try again, if it was switched off just now',
        'add --force, if you are sure',
      ],
    });
  }
  const endpoint = endpointOf(spec).host;
  const isControlPlane = member !== undefined || host?.roles.includes('control-plane') === true;
  if (isControlPlane && !hasNamelessEndpoint(spec) && (endpoint === name || endpoint === host?.address)) {
    throw new KbsError('PREFLIGHT_FAILED', `the control-plane endpoint ${endpoint} is ${name} itself: without it no node finds the API`, {
      remedy: ['set spec.controlPlaneEndpoint to an address that leads to all control planes, then kbs apply -f CLUSTER_FILE'],
    });
  }
}

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

/** Connects to the host that leaves, unless it is gone or nobody knows where it is. @throws KbsError SSH_UNREACHABLE and the like */
export async function connectLeaving(
  input: ClusterInput,
  { name, host }: Pick<Leaving, 'name' | 'host'>,
  isDead: boolean,
): Promise<readonly Host[]> {
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
