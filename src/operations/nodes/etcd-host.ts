import { controlPlanes, etcdHosts, type HostSpec } from '../../config/index.js';
import { etcdTopology } from '../../constants/index.js';
import type { Change, Phase } from '../../engine/index.js';
import type { EtcdAccess, EtcdMemberHealth } from '../../etcd/index.js';
import { KbsError } from '../../errors/index.js';
import type { Host } from '../../host/index.js';
import {
  artifactsPhase,
  baselinePhase,
  binariesPhase,
  certificatesPhase,
  clusterObjectsPhase,
  etcdChecksPhase,
  etcdHostsPhase,
  etcdMembersPhase,
  etcdServersPhase,
  LEAVE_ETCD_HOST_PHASES,
  memberOfNode,
  membersHealth,
  peerUrlOf,
  preflightPhase,
  prepareHostPhase,
  type LeaveEtcdContext,
  type RunContext,
} from '../../phases/index.js';
import { openClusterEtcd } from '../cluster-api.js';
import { connectHelpers, connectTargets, disconnect, openRunContext, runPhases, tryTargets, type ClusterInput } from '../cluster-run.js';
import { converge, type ConvergeResult } from '../converge.js';
import { createPkiSource } from '../pki-source.js';
import {
  checkQuorumWithout,
  connectLeaving,
  unknownMember,
  withoutHost,
  type LeaveWishes,
  type NodeResult,
  type RemoveOptions,
} from './leaving.js';

/** From a bare host to a member that votes. */
const JOIN_PHASES: readonly Phase<RunContext>[] = [
  preflightPhase,
  etcdChecksPhase,
  artifactsPhase,
  baselinePhase,
  prepareHostPhase,
  binariesPhase,
  certificatesPhase,
  etcdHostsPhase,
  etcdMembersPhase,
];

/** Whoever keeps a list of the members. */
const FOLLOW_PHASES: readonly Phase<RunContext>[] = [etcdServersPhase, { ...clusterObjectsPhase, after: [], waitsFor: ['etcd-servers'] }];

/** etcd on hosts of its own, reached through some of them. */
interface ReachedEtcd {
  readonly etcd: EtcdAccess;
  readonly members: readonly EtcdMemberHealth[];
  /** Control planes, for their lock. */
  readonly helpers: readonly Host[];
}

/** @throws KbsError ETCD_UNREACHABLE, SSH_UNREACHABLE and the like when none of the hosts lets kbs ask */
async function withEtcd<T>(input: ClusterInput, through: readonly HostSpec[], work: (reached: ReachedEtcd) => Promise<T>): Promise<T> {
  const [helpers, { hosts, failures }] = await Promise.all([connectHelpers(input), tryTargets(input, through)]);
  try {
    const [first] = failures;
    if (hosts.length === 0 && first !== undefined) throw first;
    const pki = createPkiSource({ controlPlanes: helpers, etcdHosts: hosts, etcd: 'hosts', mayCreate: false, now: input.now });
    const etcd = openClusterEtcd(hosts, pki, input.now);
    try {
      return await work({ etcd, helpers, members: await membersHealth(etcd, input.signal) });
    } finally {
      etcd.close();
    }
  } finally {
    await disconnect({ targets: hosts, helpers });
  }
}

function othersThan({ spec }: ClusterInput, name: string): readonly HostSpec[] {
  return etcdHosts(spec).filter((host) => host.name !== name);
}

/** Whether a name is that of a host of etcd; of one that is no more in the file, whether etcd has a member of that name. */
export async function isOfEtcd(input: ClusterInput, name: string): Promise<boolean> {
  const host = input.spec.hosts.find((candidate) => candidate.name === name);
  if (host !== undefined) return host.roles.includes('etcd');
  if (etcdTopology(input.spec) !== 'hosts') return false;
  return withEtcd(input, etcdHosts(input.spec), async ({ members }) => members.some(({ member }) => member.name === name));
}

/** What there is of a host of etcd. */
interface LeavingMember {
  readonly name: string;
  /** Of the file, else as its peers reach it. */
  readonly host: HostSpec | undefined;
  readonly isInFile: boolean;
  readonly row: EtcdMemberHealth | undefined;
}

function findMember({ spec }: ClusterInput, name: string, members: readonly EtcdMemberHealth[]): LeavingMember {
  const inFile = spec.hosts.find((host) => host.name === name);
  const row = memberOfNode(members, { name, peerUrl: inFile === undefined ? undefined : peerUrlOf(inFile) });
  const address = row?.member.peerUrls.map((url) => new URL(url).hostname)[0];
  const seen: HostSpec | undefined = address === undefined ? undefined : { name, address, roles: ['etcd'], labels: {} };
  return { name, host: inFile ?? seen, isInFile: inFile !== undefined, row };
}

/**
 * Whether a member may leave, looked at before anything is changed. Pure.
 * @throws KbsError ETCD_QUORUM, PREFLIGHT_FAILED
 */
export function checkMemberLeaving(
  { name, row }: Pick<LeavingMember, 'name' | 'row'>,
  members: readonly EtcdMemberHealth[],
  wishes: LeaveWishes,
): void {
  checkQuorumWithout(row, members, wishes);
  if (row === undefined || !wishes.isDead || wishes.force || row.problem !== undefined) return;
  throw new KbsError('PREFLIGHT_FAILED', `the member of etcd on ${name} answers: its host is not gone`, {
    remedy: [`kbs node remove ${name} -f CLUSTER_FILE   # without --dead: cleans its host, too`, 'add --force, if you are sure'],
  });
}

/** Takes the member out of etcd and puts its host back as it was. */
async function leaveEtcd(input: ClusterInput, options: RemoveOptions): Promise<NodeResult> {
  const { name, mode, isDead, isReplaced, force } = options;
  return withEtcd(input, othersThan(input, name), async ({ etcd, members, helpers }) => {
    const leaving = findMember(input, name, members);
    checkMemberLeaving(leaving, members, options);
    const targets = await connectLeaving(input, leaving, isDead);
    const peerUrl = leaving.host === undefined ? undefined : peerUrlOf(leaving.host);
    const context: LeaveEtcdContext = { api: undefined, etcd, node: name, peerUrl, force, isReplaced };
    try {
      const run = { operation: 'node remove', phases: LEAVE_ETCD_HOST_PHASES, context, hosts: { targets, helpers }, mode };
      const { changes, durationMs } = await runPhases(input, run);
      const next = leaving.isInFile ? [`delete ${name} from the cluster file, or the next kbs apply brings it back`] : [];
      return { operation: 'node remove', cluster: input.spec.name, node: name, changes, next, durationMs };
    } finally {
      await disconnect({ targets, helpers: [] });
    }
  });
}

/** The API servers, and what kubeadm reads, name the members of the file. One that cannot be reached follows with the next apply. */
async function followMembers(input: ClusterInput, mode: 'apply' | 'plan'): Promise<readonly Change[]> {
  const [{ hosts: targets, failures }, { hosts: helpers }] = await Promise.all([
    tryTargets(input, controlPlanes(input.spec)),
    tryTargets(input, etcdHosts(input.spec)),
  ]);
  try {
    const [first] = failures;
    if (targets.length === 0 && first !== undefined) throw first;
    for (const { message, remedy } of failures)
      input.bus.emit({ type: 'warning', message: `${message}; its API server follows with the next kbs apply`, remedy });
    const hosts = { targets, helpers };
    const context = await openRunContext(input, hosts, false);
    return (await runPhases(input, { operation: 'members of etcd', phases: FOLLOW_PHASES, context, hosts, mode })).changes;
  } finally {
    await disconnect({ targets, helpers });
  }
}

/** Makes a member of a host of the file. */
async function joinEtcd(input: ClusterInput, name: string, mode: 'apply' | 'plan'): Promise<ConvergeResult> {
  const others = othersThan(input, name);
  // Asked before the host is touched: without a quorum nobody can be added.
  await withEtcd(input, others, async () => undefined);
  const [helpers, { hosts: members }, targets] = await Promise.all([
    connectHelpers(input),
    tryTargets(input, others),
    connectTargets(
      input,
      etcdHosts(input.spec).filter((host) => host.name === name),
    ),
  ]);
  const hosts = { targets, helpers: [...helpers, ...members] };
  try {
    return await converge(input, hosts, { operation: 'join', mode, phases: JOIN_PHASES, mayCreatePki: false });
  } finally {
    await disconnect(hosts);
  }
}

/** `kbs node add` of a host of etcd: it joins as a learner and votes, then the API servers are told. */
export async function addEtcdHost(input: ClusterInput, name: string, mode: 'apply' | 'plan'): Promise<ConvergeResult> {
  const joined = await joinEtcd(input, name, mode);
  return { ...joined, changes: [...joined.changes, ...(await followMembers(input, mode))] };
}

/**
 * `kbs node remove` of a host of etcd. While it lives the API servers forget it first.
 * @throws KbsError ETCD_QUORUM, PREFLIGHT_FAILED, USAGE before anything is changed, and what phases throw
 */
export async function removeEtcdHost(input: ClusterInput, options: RemoveOptions): Promise<NodeResult> {
  const { name, mode, isDead } = options;
  await withEtcd(input, etcdHosts(input.spec), async ({ members }) => {
    const leaving = findMember(input, name, members);
    if (leaving.host === undefined) throw unknownMember(name, members);
    checkMemberLeaving(leaving, members, options);
  });
  const after = withoutHost(input, name);
  const before = isDead ? [] : await followMembers(after, mode);
  const left = await leaveEtcd(input, options);
  const afterwards = isDead ? await followMembers(after, mode) : [];
  return { ...left, changes: [...before, ...left.changes, ...afterwards] };
}

/** Whether the old member works: then the new one comes before it goes. Looks at everything before anything is changed. */
async function joinsFirst(input: ClusterInput, options: Omit<RemoveOptions, 'isReplaced'>): Promise<boolean> {
  const { name, isDead } = options;
  return withEtcd(input, etcdHosts(input.spec), async ({ members }) => {
    const leaving = findMember(input, name, members);
    const works = leaving.row !== undefined && leaving.row.problem === undefined;
    if (works && !isDead) return true;
    checkMemberLeaving(leaving, members, { ...options, isReplaced: true });
    return false;
  });
}

/**
 * `kbs node replace` of a host of etcd by another one.
 * @throws KbsError USAGE, ETCD_QUORUM and the like before anything is changed; what removing and joining throw
 */
export async function replaceEtcdHost(
  input: ClusterInput,
  { by, ...options }: Omit<RemoveOptions, 'isReplaced'> & { readonly by: string },
  host: HostSpec,
): Promise<NodeResult> {
  const { name, mode } = options;
  if (!host.roles.includes('etcd'))
    throw new KbsError('USAGE', `${name} is a host of etcd, and ${by} is not`, {
      remedy: [`set roles: [etcd] for ${by} in the cluster file`],
    });
  const startedMs = performance.now();
  const comesFirst = await joinsFirst(input, options);
  const after = name === by ? input : withoutHost(input, name);
  const leave = (): Promise<NodeResult> => leaveEtcd(input, { ...options, isReplaced: true });
  const left = comesFirst ? undefined : await leave();
  const joined = await joinEtcd(comesFirst ? input : after, by, mode);
  const followed = await followMembers(after, mode);
  const gone = left ?? (await leave());
  const exchanged =
    left === undefined ? [...joined.changes, ...followed, ...gone.changes] : [...gone.changes, ...joined.changes, ...followed];
  return {
    operation: 'node replace',
    cluster: input.spec.name,
    node: name,
    changes: exchanged,
    next: name === by ? [] : gone.next,
    durationMs: Math.round(performance.now() - startedMs),
  };
}
