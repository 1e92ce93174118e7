import { controlPlanes, workers, type HostSpec } from '../config/index.js';
import type { Change, Phase } from '../engine/index.js';
import { KbsError } from '../errors/index.js';
import type { ProofRow, RunContext } from '../phases/index.js';
import { CLUSTER_PHASES } from './cluster-phases.js';
import {
  connectHelpers,
  connectTargets,
  disconnect,
  openRunContext,
  runPhases,
  selectPhases,
  type ClusterInput,
  type OperationHosts,
} from './cluster-run.js';
import { unfinishedWorkers } from './unfinished-workers.js';

/** What a converging operation came to. */
export interface ConvergeResult {
  readonly operation: 'init' | 'join' | 'apply' | 'plan';
  readonly cluster: string;
  readonly hosts: readonly string[];
  readonly changes: readonly Change[];
  /** Steps that found everything as it should be. */
  readonly unchanged: number;
  /** Edges that were proven; empty for plans. */
  readonly proof: readonly ProofRow[];
  readonly durationMs: number;
}

interface Converge {
  readonly operation: ConvergeResult['operation'];
  readonly mode: 'apply' | 'plan';
  readonly phases?: readonly Phase<RunContext>[];
  readonly mayCreatePki: boolean;
}

async function converge(input: ClusterInput, hosts: OperationHosts, run: Converge): Promise<ConvergeResult> {
  const context = await openRunContext(input, hosts, run.mayCreatePki);
  const result = await runPhases(input, { operation: run.operation, phases: run.phases ?? CLUSTER_PHASES, context, hosts, mode: run.mode });
  return {
    operation: run.operation,
    cluster: input.spec.name,
    hosts: hosts.targets.map(({ name }) => name),
    changes: result.changes,
    unchanged: result.unchanged,
    proof: context.proof.rows(),
    durationMs: result.durationMs,
  };
}

/** Told before any host is contacted. @throws KbsError USAGE for a name no phase has */
function checkPhaseNames(input: ClusterInput, phases: readonly Phase<RunContext>[] = CLUSTER_PHASES): void {
  selectPhases(phases, input);
}

async function onHosts<T>(hosts: OperationHosts, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } finally {
    await disconnect(hosts);
  }
}

/** `kbs init`: every control plane, pod network, kube-proxy, CoreDNS; ends with the proof. */
export async function initCluster(
  input: ClusterInput,
  mode: 'apply' | 'plan' = 'apply',
  phases: readonly Phase<RunContext>[] = CLUSTER_PHASES,
): Promise<ConvergeResult> {
  checkPhaseNames(input, phases);
  const hosts = { targets: await connectTargets(input, controlPlanes(input.spec)), helpers: [] };
  return onHosts(hosts, () => converge(input, hosts, { operation: 'init', mode, phases, mayCreatePki: true }));
}

/** Which hosts `kbs join --host` names. @throws KbsError USAGE for a name that is no worker of the file */
function namedWorkers(input: ClusterInput, names: readonly string[]): readonly HostSpec[] {
  return names.map((name) => {
    const host = input.spec.hosts.find((candidate) => candidate.name === name);
    if (host === undefined)
      throw new KbsError('USAGE', `there is no host ${name} in the cluster file`, {
        remedy: [`hosts: ${input.spec.hosts.map((one) => one.name).join(' ')}`],
      });
    if (host.roles.includes('control-plane'))
      throw new KbsError('USAGE', `${name} is a control plane: kbs join adds workers`, { remedy: ['kbs init -f CLUSTER_FILE'] });
    return host;
  });
}

/** `kbs join`: workers of the file that are not nodes yet, or were left unfinished; with names: these. */
export async function joinWorkers(
  input: ClusterInput,
  names: readonly string[],
  mode: 'apply' | 'plan' = 'apply',
): Promise<ConvergeResult> {
  checkPhaseNames(input);
  const candidates = names.length > 0 ? namedWorkers(input, names) : workers(input.spec);
  const helpers = await connectHelpers(input);
  return onHosts({ targets: [], helpers }, async () => {
    const context = await openRunContext(input, { targets: [], helpers }, false);
    // Asked before any worker is touched: a cluster without control plane has nothing to join.
    await context.pki.shared();
    const wanted = names.length > 0 ? candidates : await unfinishedWorkers(await context.kube.connect(input.signal), candidates);
    const targets = await connectTargets(input, wanted);
    return onHosts({ targets, helpers: [] }, () => converge(input, { targets, helpers }, { operation: 'join', mode, mayCreatePki: false }));
  });
}

/** `kbs apply`: everything the file declares, from any state kbs may have left. */
export async function applyCluster(input: ClusterInput, mode: 'apply' | 'plan' = 'apply'): Promise<ConvergeResult> {
  checkPhaseNames(input);
  const hosts = { targets: await connectTargets(input, input.spec.hosts), helpers: [] };
  return onHosts(hosts, () => converge(input, hosts, { operation: mode === 'plan' ? 'plan' : 'apply', mode, mayCreatePki: true }));
}
