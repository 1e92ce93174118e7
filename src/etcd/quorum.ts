import { KbsError } from '../errors/index.js';
import type { EtcdMemberHealth } from './types.js';

/** How many of a number of voting members have to run. */
export function quorumOf(voters: number): number {
  return Math.floor(voters / 2) + 1;
}

/** What a member is called: its name, or its identifier before it has ever started. */
export function memberLabel({ member: { name, id } }: Pick<EtcdMemberHealth, 'member'>): string {
  return name === '' ? id : name;
}

function refusal(what: string, rows: readonly EtcdMemberHealth[], remedy: readonly string[]): KbsError {
  return new KbsError('ETCD_QUORUM', what, {
    details: rows.map(
      (row) => `${memberLabel(row)} (${row.member.peerUrls.join(', ')}): ${row.problem ?? (row.member.isLearner ? 'learner' : 'healthy')}`,
    ),
    remedy,
  });
}

function areNotWell(sick: readonly EtcdMemberHealth[]): string {
  return `${sick.map(memberLabel).join(', ')} ${sick.length === 1 ? 'does' : 'do'} not`;
}

/**
 * Why a member must not be taken out: what would be left could decide nothing, or is as easily lost as one member fewer. Pure.
 * @param rows all members with their health
 * @param id of the member that is to leave
 * @param mayBeEven an even number of members may be left
 */
export function removalProblem(
  rows: readonly EtcdMemberHealth[],
  id: string,
  { mayBeEven }: { readonly mayBeEven: boolean },
): KbsError | undefined {
  const leaving = rows.find(({ member }) => member.id === id);
  // A learner counts for no quorum.
  if (leaving === undefined || leaving.member.isLearner) return undefined;
  const name = memberLabel(leaving);
  const refused = (why: string, remedy: readonly string[]): KbsError =>
    refusal(`${name} cannot be taken out of etcd: ${why}`, rows, remedy);
  const left = rows.filter((row) => row !== leaving && !row.member.isLearner);
  if (left.length === 0) {
    return refused('it is the last member, and the cluster’s data is in it', [
      'kbs node replace OLD NEW -f CLUSTER_FILE   # moves the cluster to another host',
      'kbs reset -f CLUSTER_FILE   # ends the cluster',
    ]);
  }
  const sick = left.filter(({ problem }) => problem !== undefined);
  const needed = quorumOf(left.length);
  if (left.length - sick.length < needed) {
    return refused(
      `of the ${left.length} members left ${needed} would have to run, and ${areNotWell(sick)}`,
      sick.flatMap((row) => [
        `kbs node remove ${memberLabel(row)} --dead -f CLUSTER_FILE   # first, if it is gone for good`,
        `systemctl status kubelet; crictl ps -a --name etcd   # on ${memberLabel(row)}: else heal it`,
      ]),
    );
  }
  if (mayBeEven || left.length % 2 === 1) return undefined;
  return refused(
    `${left.length} members would be left, which tolerate ${left.length - needed === 0 ? 'no failure' : 'no more failures than one fewer'}`,
    [
      `kbs node replace ${name} NEW -f CLUSTER_FILE   # another host takes its place`,
      `kbs node remove ${name} --force -f CLUSTER_FILE   # leaves ${left.length} members`,
    ],
  );
}

/**
 * Why a member must not be restarted now: without it those that are well would be too few, and all of them are enough. Pure.
 * @param rows all members with their health
 * @param id of the member that is to be restarted
 */
export function restartProblem(rows: readonly EtcdMemberHealth[], id: string): KbsError | undefined {
  const voters = rows.filter(({ member }) => !member.isLearner);
  const own = voters.find(({ member }) => member.id === id);
  const sick = voters.filter((row) => row !== own && row.problem !== undefined);
  const well = voters.length - sick.length;
  const needed = quorumOf(voters.length);
  if (own === undefined || sick.length === 0 || well < needed || well - 1 >= needed) return undefined;
  return refusal(`etcd on ${memberLabel(own)} cannot be restarted now: ${areNotWell(sick)} work, and all others are needed`, rows, [
    'kbs status -f CLUSTER_FILE   # then heal what is red and run the same command again',
  ]);
}
