import { isMeant, type Change, type Phase } from '../engine/index.js';
import { KbsError, type ErrorCode } from '../errors/index.js';
import type { Host } from '../host/index.js';
import {
  artifactsPhase,
  etcdChecksPhase,
  findRuntimeChanges,
  preflightPhase,
  RUNTIME_CHANGE_PHASES,
  type RunContext,
  type RuntimeChange,
  type RuntimeChangeContext,
} from '../phases/index.js';
import { runPhases, type ClusterInput, type OperationHosts } from './cluster-run.js';

/** Before the first host is touched: every check of every host, and every file the new runtime needs. */
const CHECKS: readonly Phase<RunContext>[] = [preflightPhase, etcdChecksPhase, artifactsPhase];

const DRAIN = { timeoutMs: 300_000, force: false } as const;

/** What says itself what to do, and came before anything but the node's pods was touched. */
const PLAIN: readonly ErrorCode[] = ['CANCELLED', 'CLUSTER_LOCKED', 'INTERNAL', 'DRAIN_BLOCKED', 'ETCD_QUORUM'];

/** Hosts whose container runtime this run changes, in their order; none where phases were chosen by name. */
export async function pendingRuntimeChanges(input: ClusterInput, hosts: readonly Host[]): Promise<readonly RuntimeChange[]> {
  if (input.onlyPhases !== undefined || input.skipPhases !== undefined) return [];
  return findRuntimeChanges(input.spec, hosts);
}

/** The phases of an operation without what a change of its runtime does on a host itself, for plans: there it would be told twice. */
export function besideChanges(phases: readonly Phase<RunContext>[], changes: readonly RuntimeChange[]): readonly Phase<RunContext>[] {
  const names = new Set(RUNTIME_CHANGE_PHASES.map(({ name }) => name));
  const isChanging = (host: Host): boolean => changes.some((change) => change.host.name === host.name);
  return phases.map((phase) => {
    const { on } = phase;
    if (!names.has(phase.name) || on === 'cluster') return phase;
    return { ...phase, on: (host: Host) => isMeant(on, host) && !isChanging(host) };
  });
}

/** Which host the run stopped at, and what to do: none of the hosts after it was touched. */
function stopped({ host, to }: RuntimeChange, after: readonly RuntimeChange[], error: unknown): unknown {
  if (!(error instanceof KbsError) || PLAIN.includes(error.code)) return error;
  const left = after.map((change) => change.host.name).join(', ');
  return new KbsError('RUNTIME_CHANGE_STOPPED', `${host.name} does not work with ${to.title} yet: ${error.message}`, {
    where: { ...error.where, host: host.name },
    details: [
      `${host.name} stays cordoned`,
      ...(left === '' ? [] : [`not touched, they have their former runtime: ${left}`]),
      ...error.details,
    ],
    remedy: [...error.remedy, `kbs apply -f CLUSTER_FILE   # when the cause is gone: goes on with ${host.name}`],
    cause: error,
  });
}

/** What the loop over hosts needs; the engine behind it is exchanged in tests. */
export type ChangeOne = (change: RuntimeChange, place: string) => Promise<readonly Change[]>;

/**
 * One host after the other; the first that is not well ends it.
 * @throws KbsError RUNTIME_CHANGE_STOPPED naming the host, or DRAIN_BLOCKED, ETCD_QUORUM, CANCELLED as they are
 */
export async function eachInTurn(changes: readonly RuntimeChange[], changeOne: ChangeOne): Promise<readonly Change[]> {
  const done: Change[] = [];
  for (const [index, change] of changes.entries()) {
    try {
      done.push(...(await changeOne(change, `host ${index + 1} of ${changes.length}`)));
    } catch (error) {
      throw stopped(change, changes.slice(index + 1), error);
    }
  }
  return done;
}

/**
 * Gives nodes another container runtime, host by host: drain, switch, proof, next.
 * @throws KbsError PREFLIGHT_FAILED before anything is changed, and what {@link eachInTurn} throws
 */
export async function changeRuntimes(
  input: ClusterInput,
  {
    changes,
    hosts,
    context,
    mode,
  }: {
    readonly changes: readonly RuntimeChange[];
    readonly hosts: OperationHosts;
    readonly context: RunContext;
    readonly mode: 'apply' | 'plan';
  },
): Promise<readonly Change[]> {
  if (mode === 'apply') await runPhases(input, { operation: 'checks', phases: CHECKS, context, hosts, mode });
  const { timeoutMs, force } = input.drain ?? DRAIN;
  const all = [...hosts.targets, ...hosts.helpers];
  return eachInTurn(changes, async (change, place) => {
    const own: RuntimeChangeContext = { ...context, hosts: [change.host], change, drainTimeoutMs: timeoutMs, force, place };
    const run = {
      operation: 'runtime change',
      phases: RUNTIME_CHANGE_PHASES,
      context: own,
      hosts: { targets: [change.host], helpers: all.filter((host) => host !== change.host) },
      mode,
    } as const;
    return (await runPhases(input, run)).changes;
  });
}
