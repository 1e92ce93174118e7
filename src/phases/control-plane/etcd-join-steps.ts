import { step, waitFor, type AnyStep, type Glimpse, type StepContext } from '../../engine/index.js';
import { etcdSays, type EtcdAccess, type EtcdMember } from '../../etcd/index.js';
import { KbsError } from '../../errors/index.js';
import type { Plan } from '../../events/index.js';
import type { Host } from '../../host/index.js';
import { UNITS } from '../../constants/index.js';
import { isEtcdHost, type RunContext } from '../context.js';
import { peerUrlOf } from './etcd-start.js';
import { controlPlaneEvidence } from './evidence.js';

type Slice = Pick<RunContext, 'etcd' | 'spec'>;

/** The phase that a step belongs to. */
type Joining = 'control-plane' | 'etcd-hosts';

/** How long others may take before this one's turn comes: each waits for an image, a start and the data. */
const TURN_MS = 600_000;
/** etcd takes no member while another has been connected for less than five seconds. Source: etcd v3.5 server.go (HealthInterval). */
const UNHEALTHY_MS = 60_000;
const PROMOTE_MS = 240_000;

function memberOf(members: readonly EtcdMember[] | undefined, host: Host): EtcdMember | undefined {
  return members?.find(({ peerUrls }) => peerUrls.includes(peerUrlOf(host)));
}

/** With who is not healthy, and what to do about it. */
async function unhealthy(etcd: EtcdAccess, host: Host, cause: unknown, { signal }: StepContext): Promise<KbsError> {
  const sick = (await etcd.health(await etcd.members(signal), signal)).filter(({ problem }) => problem !== undefined);
  const nameOf = ({ member }: (typeof sick)[number]): string => (member.name === '' ? member.id : member.name);
  const who =
    sick.length === 0 ? 'its members have not been connected to each other for long' : `${sick.map(nameOf).join(', ')} does not work`;
  return new KbsError('ETCD_QUORUM', `etcd takes no new member: ${who}`, {
    where: { host: host.name },
    details: [etcdSays(cause) ?? '', ...sick.map((row) => `${nameOf(row)} (${row.member.peerUrls.join(', ')}): ${row.problem ?? ''}`)],
    remedy: [
      ...sick.map((row) => `kbs node remove ${nameOf(row)} --dead -f CLUSTER_FILE   # if it is gone for good`),
      'kbs status -f CLUSTER_FILE   # then heal what is red and run the same command again',
    ],
    cause,
  });
}

/** Why another try may succeed: `turn` when another one is joining, `health` when members are not well. */
function obstacle(error: unknown): 'turn' | 'health' | undefined {
  if (error instanceof KbsError && error.code === 'ETCD_UNREACHABLE') return 'turn';
  const said = etcdSays(error) ?? '';
  if (said.includes('too many learner')) return 'turn';
  return said.includes('unhealthy cluster') || said.includes('not enough started members') ? 'health' : undefined;
}

/** Adds the host as a learner when its turn has come: etcd takes one learner at a time, whoever brings it. */
async function addWhenPossible({ etcd }: Slice, host: Host, lost: EtcdMember | undefined, context: StepContext): Promise<void> {
  let unhealthySinceMs: number | undefined;
  await waitFor({
    what: 'etcd to take a new member',
    forMs: TURN_MS,
    signal: context.signal,
    where: { host: host.name },
    remedy: ['kbs status -f CLUSTER_FILE   # which members are there, and is one of them stuck as a learner?'],
    probe: async () => {
      try {
        const listed = memberOf(await etcd.members(context.signal), host);
        if (listed !== undefined && listed.id === lost?.id) await etcd.remove(listed.id, context.signal);
        else if (listed !== undefined) return { done: true, value: true };
        await etcd.addLearner(peerUrlOf(host), context.signal);
        return { done: true, value: true };
      } catch (error) {
        const why = obstacle(error);
        if (why === undefined) throw error;
        unhealthySinceMs = why === 'health' ? (unhealthySinceMs ?? performance.now()) : undefined;
        if (unhealthySinceMs !== undefined && performance.now() - unhealthySinceMs > UNHEALTHY_MS) {
          throw await unhealthy(etcd, host, error, context);
        }
        return { done: false, seen: (error as Error).message };
      }
    },
  });
}

/** The host is a member of etcd, if only as a learner: it costs the others no quorum while it is not up. */
export function addMemberStep(phase: Joining, slice: Slice, lost: EtcdMember | undefined): AnyStep {
  return step<EtcdMember | undefined>({
    id: `${phase}/etcd-member`,
    title: 'Add the host to etcd',
    timeoutMs: TURN_MS + 30_000,
    probe: async (host, { signal }) => memberOf(await slice.etcd.tryMembers(signal), host),
    plan: (member): Plan => {
      if (member !== undefined && member.id !== lost?.id) return { change: 'none' };
      const summary = 'add the host to etcd as a learner';
      return lost === undefined
        ? { change: 'create', summary }
        : { change: 'update', summary: `take member ${lost.id}, whose data is gone, out of etcd; ${summary}` };
    },
    apply: (host, _member, context) => addWhenPossible(slice, host, lost, context),
    verify: async () => undefined,
  });
}

async function promote({ etcd }: Slice, host: Host, signal: AbortSignal): Promise<Glimpse<true>> {
  try {
    const member = memberOf(await etcd.members(signal), host);
    if (member?.isLearner === false) return { done: true, value: true };
    if (member === undefined) throw new KbsError('ETCD_REFUSED', 'the new member was taken out of etcd again by somebody else');
    if (member.clientUrls.length === 0) return { done: false, seen: 'it has not started yet' };
    await etcd.promote(member.id, signal);
    return { done: true, value: true };
  } catch (error) {
    const isEarly = etcdSays(error) !== undefined || (error instanceof KbsError && error.code === 'ETCD_UNREACHABLE');
    if (!isEarly) throw error;
    return { done: false, seen: (error as Error).message };
  }
}

async function promoteWhenReady(slice: Slice, host: Host, { signal }: StepContext): Promise<void> {
  const isOwnHost = isEtcdHost(host);
  await waitFor({
    what: `the new member of etcd on ${host.address} to catch up`,
    forMs: PROMOTE_MS,
    signal,
    where: { host: host.name },
    remedy: [
      isOwnHost
        ? `journalctl -u ${UNITS.etcd} -n 100 --no-pager   # on ${host.name}`
        : `crictl ps -a; crictl logs $(crictl ps -a --name etcd -q | head -n 1)   # on ${host.name}`,
      'run the same command again: it goes on where it was',
    ],
    evidence: () => (isOwnHost ? host.units.journal(UNITS.etcd, 25) : controlPlaneEvidence(host, slice.spec)),
    probe: () => promote(slice, host, signal),
  });
}

/** The member votes, as soon as it has what the others have. */
export function promoteMemberStep(phase: Joining, slice: Slice, lost: EtcdMember | undefined): AnyStep {
  return step<boolean>({
    id: `${phase}/etcd-vote`,
    title: 'Let the new member of etcd vote',
    timeoutMs: PROMOTE_MS + 30_000,
    async probe(host, { signal }) {
      const member = memberOf(await slice.etcd.tryMembers(signal), host);
      return member?.isLearner === false && member.id !== lost?.id;
    },
    plan: (votes) => (votes ? { change: 'none' } : { change: 'update', summary: 'let the host vote in etcd once it has caught up' }),
    apply: (host, _votes, context) => promoteWhenReady(slice, host, context),
    verify: async () => undefined,
  });
}
