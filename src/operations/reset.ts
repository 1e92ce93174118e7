import { hostname } from 'node:os';
import { controlPlanes, type ClusterSpec, type HostSpec } from '../config/index.js';
import { etcdTopology } from '../constants/index.js';
import { runEngine, type Change, type EngineResult } from '../engine/index.js';
import { KbsError } from '../errors/index.js';
import type { EventBus } from '../events/index.js';
import { createHost, type Host } from '../host/index.js';
import type { KubeApi } from '../kube/index.js';
import { createLocalTransport } from '../local/index.js';
import { isManaged, RESET_PHASES } from '../phases/index.js';
import type { Secret } from '../secret/index.js';
import { openClusterApi } from './cluster-api.js';
import { withClusterLock } from './cluster-lock.js';
import { connectTargets, disconnect, tryTargets, type ClusterInput } from './cluster-run.js';
import { createPkiSource } from './pki-source.js';

/** What a reset came to. */
export interface ResetResult {
  readonly operation: 'reset';
  /** undefined for this machine, without a cluster file. */
  readonly cluster: string | undefined;
  /** Hosts that are as they were before kbs now (in a plan: would be). */
  readonly hosts: readonly string[];
  /** Hosts kbs had never changed. */
  readonly untouched: readonly string[];
  readonly changes: readonly Change[];
  readonly durationMs: number;
}

type Mode = 'apply' | 'plan';

interface ResetRun {
  readonly bus: EventBus;
  readonly signal: AbortSignal;
  readonly mode: Mode;
  readonly cluster: string | undefined;
}

/** The hosts of etcd hold the data of all: they go with the last control plane, and together. */
function checkEtcdHosts(spec: Pick<ClusterSpec, 'hosts'>, names: readonly string[]): void {
  const leaving = spec.hosts.find(({ name, roles }) => roles.includes('etcd') && names.includes(name));
  const staying = spec.hosts.filter(({ name, roles }) => !roles.includes('worker') && !names.includes(name));
  if (leaving === undefined || staying.length === 0) return;
  throw new KbsError('USAGE', `${leaving.name} holds data of the cluster that ${staying.map(({ name }) => name).join(', ')} goes on with`, {
    details: ['a host of etcd is reset with all control planes and all other hosts of etcd, or not at all'],
    remedy: ['kbs reset -f CLUSTER_FILE   # resets all hosts of the cluster'],
  });
}

/**
 * The hosts a reset is for: all of the file, or those named.
 * @throws KbsError USAGE for a name that is not in the file, and for some control planes of a cluster that keeps others
 */
export function resetTargets(
  spec: Pick<ClusterSpec, 'hosts'> & Partial<Pick<ClusterSpec, 'etcd'>>,
  names: readonly string[],
): readonly HostSpec[] {
  if (names.length === 0) return spec.hosts;
  const unknown = names.find((name) => !spec.hosts.some((host) => host.name === name));
  if (unknown !== undefined) {
    throw new KbsError('USAGE', `there is no host ${unknown} in the cluster file`, {
      remedy: [`hosts: ${spec.hosts.map(({ name }) => name).join(' ')}`],
    });
  }
  const targets = spec.hosts.filter(({ name }) => names.includes(name));
  checkEtcdHosts(spec, names);
  const leaving = targets.filter(({ roles }) => roles.includes('control-plane'));
  // Control planes without an etcd of their own are members of nothing.
  if (etcdTopology(spec) !== 'stacked') return targets;
  const staying = spec.hosts.filter(({ name, roles }) => roles.includes('control-plane') && !names.includes(name));
  if (leaving.length > 0 && staying.length > 0) {
    const [one] = leaving;
    throw new KbsError('USAGE', `${one?.name ?? ''} is a member of etcd together with ${staying.map(({ name }) => name).join(', ')}`, {
      details: ['a member has to leave etcd before its host is reset, or the others lose their quorum'],
      remedy: [
        `kbs node remove ${one?.name ?? ''} -f CLUSTER_FILE   # drains it, takes its member out of etcd, and resets its host`,
        'kbs reset -f CLUSTER_FILE   # resets all hosts of the cluster',
      ],
    });
  }
  return targets;
}

/** Some of the named hosts are reset, and the cluster goes on without them. */
function clusterGoesOn(spec: ClusterSpec, targets: readonly HostSpec[]): boolean {
  return controlPlanes(spec).some(({ name }) => !targets.some((target) => target.name === name));
}

/** What a host that leaves has to be taken out of; undefined, with a warning, when no control plane can be asked. */
async function remainingApi(input: ClusterInput, helpers: readonly Host[], leaving: readonly Host[]): Promise<KubeApi | undefined> {
  const nodes = leaving.map(({ name }) => name).join(' ');
  const warn = (message: string): undefined => {
    input.bus.emit({ type: 'warning', message: `${message}: the Node objects stay`, remedy: [`kubectl delete node ${nodes}`] });
    return undefined;
  };
  if (helpers.length === 0) return warn('no control plane can be reached');
  const pki = createPkiSource({ controlPlanes: helpers, mayCreate: false, now: input.now });
  try {
    return (await openClusterApi(helpers, pki, input.now).tryConnect(input.signal)) ?? warn('no API server answers');
  } catch (error) {
    // Without authorities there has never been a cluster to be taken out of.
    if (error instanceof KbsError && error.code === 'STEP_MISSING') return undefined;
    throw error;
  }
}

async function resetHosts(
  run: ResetRun,
  hosts: readonly Host[],
  api: (managed: readonly Host[]) => Promise<KubeApi | undefined>,
): Promise<ResetResult> {
  const answers = await Promise.all(hosts.map(isManaged));
  const managed = hosts.filter((_host, index) => answers[index] === true);
  const untouched = hosts.filter((host) => !managed.includes(host)).map(({ name }) => name);
  const base = { operation: 'reset', cluster: run.cluster, hosts: managed.map(({ name }) => name), untouched } as const;
  const [first] = managed;
  if (first === undefined) return { ...base, changes: [], durationMs: 0 };
  const opened = await api(managed);
  try {
    const work = (): Promise<EngineResult> =>
      runEngine(
        {
          operation: 'reset',
          phases: RESET_PHASES,
          context: { api: opened },
          hosts: managed,
          clusterHost: first,
          mode: run.mode,
          signal: run.signal,
        },
        run.bus,
      );
    const { changes, durationMs } =
      run.mode === 'plan' ? await work() : await withClusterLock(managed, { run: run.bus.run, operation: 'reset', now: new Date() }, work);
    return { ...base, changes, durationMs };
  } finally {
    await opened?.close();
  }
}

/**
 * `kbs reset -f`: takes hosts of a cluster file back to how they were found; with names only these, and the rest goes on without them.
 * @throws KbsError USAGE, SSH_UNREACHABLE and the like (nothing is changed then), REMOTE_COMMAND, VERIFY_FAILED
 */
export async function resetCluster(input: ClusterInput, names: readonly string[], mode: Mode = 'apply'): Promise<ResetResult> {
  const { spec, bus, signal } = input;
  const wanted = resetTargets(spec, names);
  const targets = await connectTargets(input, wanted);
  const helpers: Host[] = [];
  try {
    return await resetHosts({ bus, signal, mode, cluster: spec.name }, targets, async (managed) => {
      if (!clusterGoesOn(spec, wanted)) return undefined;
      helpers.push(...(await tryTargets(input, controlPlanes(spec))).hosts);
      return remainingApi(input, helpers, managed);
    });
  } finally {
    await disconnect({ targets, helpers });
  }
}

/** `kbs reset` without a file: this machine, kubeadm's way. A Node object stays in the cluster, as with kubeadm. */
export async function resetThisMachine(options: {
  /** Asked when kbs does not run as root and sudo wants a password. */
  readonly sudoPassword: (user: string) => Promise<Secret | undefined>;
  readonly bus: EventBus;
  readonly signal: AbortSignal;
  readonly mode?: Mode;
}): Promise<ResetResult> {
  const { sudoPassword, bus, signal, mode = 'apply' } = options;
  const transport = createLocalTransport({ sudoPassword });
  // Nothing of a reset asks for the address or the role: all it needs is in the journal of the machine.
  const host = await createHost({ name: hostname(), address: '127.0.0.1', roles: [], transport, signal });
  try {
    return await resetHosts({ bus, signal, mode, cluster: undefined }, [host], () => Promise.resolve(undefined));
  } finally {
    await disconnect({ targets: [host], helpers: [] });
  }
}
