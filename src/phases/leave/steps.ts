import { step, type AnyStep, type StepContext } from '../../engine/index.js';
import { memberLabel, removalProblem, type EtcdAccess, type EtcdMember, type EtcdMemberHealth } from '../../etcd/index.js';
import { KbsError } from '../../errors/index.js';
import type { KubeApi, KubeObject } from '../../kube/index.js';
import { drainNode, refuseUncontrolled, type DrainOptions } from './drain.js';
import { podLabel, podsToMove } from './pods.js';

/** Pods move off the node; those of DaemonSets and static pods stay. */
export function drainStep(api: KubeApi, options: DrainOptions): AnyStep {
  return step<readonly KubeObject[]>({
    id: 'leave/drain',
    title: 'Move the pods to other nodes',
    timeoutMs: options.timeoutMs + 120_000,
    async probe() {
      const pods = await podsToMove(api, options.node);
      refuseUncontrolled(options, pods);
      return pods;
    },
    plan: (pods) =>
      pods.length === 0
        ? { change: 'none' }
        : { change: 'update', summary: `evict ${pods.length} pods from ${options.node}: ${pods.map(podLabel).join(', ')}` },
    apply: (_host, _pods, context) => drainNode(api, options, context),
    async verify() {
      const left = await podsToMove(api, options.node);
      if (left.length > 0) throw new KbsError('VERIFY_FAILED', `pods came to ${options.node} again: ${left.map(podLabel).join(', ')}`);
    },
  });
}

/** The members of etcd with their health. @throws KbsError ETCD_UNREACHABLE */
export async function membersHealth(etcd: EtcdAccess, signal: AbortSignal): Promise<readonly EtcdMemberHealth[]> {
  return etcd.health(await etcd.members(signal), signal);
}

/** Which member is that of a node: the one of its name, or of its address before it has ever started; also one by its identifier. */
export function memberOfNode<Row extends { readonly member: EtcdMember }>(
  rows: readonly Row[],
  { name, peerUrl }: { readonly name: string; readonly peerUrl: string | undefined },
): Row | undefined {
  return (
    rows.find(({ member }) => member.name === name || member.id === name) ??
    rows.find(({ member }) => peerUrl !== undefined && member.peerUrls.includes(peerUrl))
  );
}

/**
 * A leader that leaves hands over first: otherwise the others find out by its silence, and nothing is written meanwhile. When it does not
 * come to that, they vote all the same.
 */
async function handOverLeadership(
  etcd: EtcdAccess,
  { member, status }: EtcdMemberHealth,
  { signal, warn }: Pick<StepContext, 'signal' | 'warn'>,
): Promise<void> {
  if (status?.leaderId !== member.id) return;
  const rows = await membersHealth(etcd, signal);
  const heirs = rows.filter((row) => row.problem === undefined && !row.member.isLearner && row.member.id !== member.id);
  // The one that has to catch up least.
  const [heir] = heirs.sort((one, other) => (other.status?.raftIndex ?? 0) - (one.status?.raftIndex ?? 0));
  if (heir === undefined) return;
  try {
    await etcd.moveLeader(member, heir.member.id, signal);
  } catch (error) {
    if (!(error instanceof KbsError) || error.code === 'CANCELLED') throw error;
    warn(`${memberLabel({ member })} could not hand over the lead of etcd, the others will vote: ${error.message}`);
  }
}

/** The node's member leaves etcd, unless the others would be left without a quorum. */
export function etcdLeaveStep(
  etcd: EtcdAccess,
  options: { readonly name: string; readonly peerUrl: string | undefined; readonly mayBeEven: boolean },
): AnyStep {
  const look = async (signal: AbortSignal): Promise<EtcdMemberHealth | undefined> => {
    const rows = await membersHealth(etcd, signal);
    const leaving = memberOfNode(rows, options);
    const problem = leaving === undefined ? undefined : removalProblem(rows, leaving.member.id, options);
    if (problem !== undefined) throw problem;
    return leaving;
  };
  return step<EtcdMemberHealth | undefined>({
    id: 'leave/etcd-member',
    title: 'Take the member out of etcd',
    timeoutMs: 120_000,
    probe: (_host, { signal }) => look(signal),
    plan: (leaving) =>
      leaving === undefined
        ? { change: 'none' }
        : { change: 'remove', summary: `take ${memberLabel(leaving)} (${leaving.member.id}) out of etcd` },
    async apply(_host, leaving, context) {
      if (leaving === undefined) return;
      await handOverLeadership(etcd, leaving, context);
      await etcd.remove(leaving.member.id, context.signal);
    },
    async verify(_host, { signal }) {
      const members = await etcd.members(signal);
      const left = memberOfNode(
        members.map((member) => ({ member })),
        options,
      );
      if (left !== undefined) throw new KbsError('VERIFY_FAILED', `${options.name} is still a member of etcd`);
    },
  });
}
