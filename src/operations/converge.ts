import { controlPlanes, etcdHosts, nodeHosts, type HostSpec } from '../config/index.js';
import { etcdTopology } from '../constants/index.js';
import type { Change, Phase } from '../engine/index.js';
import { joinKbsErrors, KbsError } from '../errors/index.js';
import type { Host } from '../host/index.js';
import { isControlPlane, type ProofRow, type RunContext } from '../phases/index.js';
import { CLUSTER_PHASES } from './cluster-phases.js';
import {
  connectHelpers,
  connectTargets,
  disconnect,
  openRunContext,
  runPhases,
  selectPhases,
  tryTargets,
  type ClusterInput,
  type OperationHosts,
} from './cluster-run.js';
import { followControlPlanes } from './load-balancers.js';
import { besideChanges, changeRuntimes, pendingRuntimeChanges } from './runtime-changes.js';
import { findStrangers, warnOfStrangers } from './strangers.js';
import { unfinishedHosts, type Unfinished } from './unfinished-hosts.js';

/** What a converging operation came to. */
export interface ConvergeResult {
  readonly operation: 'init' | 'join' | 'apply' | 'plan';
  readonly cluster: string;
  readonly hosts: readonly string[];
  readonly changes: readonly Change[];
  /** Steps that found everything as it should be. */
  readonly unchanged: number;
  /** Nodes and members of etcd that the cluster has and the file has not. */
  readonly notInFile: readonly string[];
  /** Edges that were proven; empty for plans. */
  readonly proof: readonly ProofRow[];
  readonly durationMs: number;
}

/** How hosts are converged. */
export interface Converge {
  readonly operation: ConvergeResult['operation'];
  readonly mode: 'apply' | 'plan';
  readonly phases?: readonly Phase<RunContext>[];
  readonly mayCreatePki: boolean;
  /** Opened already. */
  readonly context?: RunContext;
}

async function strangersIn({ spec, bus, signal }: ClusterInput, { kube, etcd }: RunContext): Promise<readonly string[]> {
  const api = await kube.tryConnect(signal);
  if (api === undefined) return [];
  // Of an etcd of the user's own kbs does not know who belongs to it.
  const listing = etcdTopology(spec) === 'external' ? undefined : etcd.tryMembers(signal);
  const [nodes, members = []] = await Promise.all([api.list({ apiVersion: 'v1', kind: 'Node' }), listing]);
  return warnOfStrangers(bus, findStrangers(spec, nodes, members));
}

export async function converge(input: ClusterInput, hosts: OperationHosts, run: Converge): Promise<ConvergeResult> {
  const context = run.context ?? (await openRunContext(input, hosts, run.mayCreatePki));
  // What kbs cannot read is told before anything is changed.
  await Promise.all([context.registryCredentials(), context.customNetwork()]);
  const result = await runPhases(input, { operation: run.operation, phases: run.phases ?? CLUSTER_PHASES, context, hosts, mode: run.mode });
  return {
    operation: run.operation,
    cluster: input.spec.name,
    hosts: hosts.targets.map(({ name }) => name),
    changes: result.changes,
    unchanged: result.unchanged,
    notInFile: await strangersIn(input, context),
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

/** `kbs init`: every control plane and host of etcd, pod network, kube-proxy, CoreDNS; ends with the proof. */
export async function initCluster(
  input: ClusterInput,
  mode: 'apply' | 'plan' = 'apply',
  phases: readonly Phase<RunContext>[] = CLUSTER_PHASES,
): Promise<ConvergeResult> {
  checkPhaseNames(input, phases);
  const hosts = { targets: await connectTargets(input, [...controlPlanes(input.spec), ...etcdHosts(input.spec)]), helpers: [] };
  return onHosts(hosts, () => converge(input, hosts, { operation: 'init', mode, phases, mayCreatePki: true }));
}

/** Hosts of the file by their names. @throws KbsError USAGE for a name that is not in it */
export function hostsNamed({ spec }: Pick<ClusterInput, 'spec'>, names: readonly string[]): readonly HostSpec[] {
  return names.map((name) => {
    const host = spec.hosts.find((candidate) => candidate.name === name);
    if (host !== undefined) return host;
    throw new KbsError('USAGE', `there is no host ${name} in the cluster file`, {
      remedy: [`hosts: ${spec.hosts.map((one) => one.name).join(' ')}`],
    });
  });
}

/** Connects to hosts that join. One that is a node already, if not a healthy one, and cannot be reached is left to `apply`. */
async function connectJoining(input: ClusterInput, wanted: readonly Unfinished[], helpers: readonly Host[]): Promise<readonly Host[]> {
  const known = helpers.filter(({ name }) => wanted.some(({ host }) => host.name === name));
  const missing = wanted.filter(({ host }) => !known.some(({ name }) => name === host.name));
  const { hosts, failures } = await tryTargets(
    input,
    missing.map(({ host }) => host),
  );
  const isNode = ({ where }: KbsError): boolean => wanted.some(({ host, isKnown }) => isKnown && host.name === where.host);
  const [first, ...rest] = failures.filter((failure) => !isNode(failure));
  if (first !== undefined) {
    await disconnect({ targets: hosts, helpers: [] });
    throw joinKbsErrors([first, ...rest]);
  }
  for (const { message, remedy } of failures)
    input.bus.emit({ type: 'warning', message: `${message}; it is a node already and left out`, remedy });
  return [...known, ...hosts];
}

/** @throws KbsError USAGE for a host that becomes no node */
function joinable(host: HostSpec): HostSpec {
  if (!host.roles.includes('etcd')) return host;
  throw new KbsError('USAGE', `${host.name} is a host of etcd: it becomes no node`, {
    remedy: [`kbs node add ${host.name} -f CLUSTER_FILE   # a member of etcd`, 'kbs apply -f CLUSTER_FILE'],
  });
}

/** Hosts of etcd: one that answers can sign a control plane's certificate for etcd. */
async function connectSigners(input: ClusterInput): Promise<readonly Host[]> {
  return (await tryTargets(input, etcdHosts(input.spec))).hosts;
}

/** `kbs join`: hosts of the file that are not nodes yet, or were left unfinished; with names: these. Control planes come to a running etcd. */
export async function joinHosts(input: ClusterInput, names: readonly string[], mode: 'apply' | 'plan' = 'apply'): Promise<ConvergeResult> {
  const joined = await joinOnly(input, names, mode);
  if (!controlPlanes(input.spec).some(({ name }) => joined.hosts.includes(name))) return joined;
  return { ...joined, changes: [...joined.changes, ...(await followControlPlanes(input, joined.hosts, mode))] };
}

/** The same, without a look at the load balancers of the nodes that are there already. */
export async function joinOnly(input: ClusterInput, names: readonly string[], mode: 'apply' | 'plan'): Promise<ConvergeResult> {
  checkPhaseNames(input);
  const named = hostsNamed(input, names).map((host): Unfinished => ({ host: joinable(host), isKnown: false }));
  const connected = await connectHelpers(input);
  return onHosts({ targets: [], helpers: connected }, async () => {
    const context = await openRunContext(input, { targets: [], helpers: connected }, false);
    // Asked before any host is touched: a cluster without control plane has nothing to join.
    await context.pki.shared();
    const wanted = names.length > 0 ? named : await unfinishedHosts(await context.kube.connect(input.signal), nodeHosts(input.spec));
    const targets = await connectJoining(input, wanted, connected);
    const signers = targets.some(isControlPlane) ? await connectSigners(input) : [];
    const hosts = { targets, helpers: [...connected.filter((host) => !targets.includes(host)), ...signers] };
    return onHosts({ targets, helpers: signers }, () => converge(input, hosts, { operation: 'join', mode, mayCreatePki: false }));
  });
}

/** Runtimes first: what is left to be done on those hosts is done with the new ones. */
async function convergeAll(input: ClusterInput, hosts: OperationHosts, mode: 'apply' | 'plan'): Promise<ConvergeResult> {
  const opened = await openRunContext(input, hosts, true);
  const changes = await pendingRuntimeChanges(input, hosts.targets);
  const context: RunContext = { ...opened, mayChangeRuntime: changes.length > 0 };
  const run = { operation: mode === 'plan' ? 'plan' : 'apply', mode, mayCreatePki: true, context } as const;
  if (changes.length === 0) return converge(input, hosts, run);
  // What kbs cannot read is told before anything is changed.
  await Promise.all([context.registryCredentials(), context.customNetwork()]);
  const startedMs = performance.now();
  // A plan begins with the checks of all hosts, which stand at the beginning of the other phases.
  const planned = mode === 'plan' ? await converge(input, hosts, { ...run, phases: besideChanges(CLUSTER_PHASES, changes) }) : undefined;
  const changed = await changeRuntimes(input, { changes, hosts, context, mode });
  const rest = planned ?? (await converge(input, hosts, run));
  return { ...rest, changes: [...changed, ...rest.changes], durationMs: Math.round(performance.now() - startedMs) };
}

/** `kbs apply`: everything the file declares, from any state kbs may have left. */
export async function applyCluster(input: ClusterInput, mode: 'apply' | 'plan' = 'apply'): Promise<ConvergeResult> {
  checkPhaseNames(input);
  const hosts = { targets: await connectTargets(input, input.spec.hosts), helpers: [] };
  return onHosts(hosts, () => convergeAll(input, hosts, mode));
}
