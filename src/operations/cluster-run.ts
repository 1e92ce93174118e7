import { openArtifactStore, type ArtifactStore } from '../bundle/index.js';
import { controlPlanes, type ClusterSpec, type HostSpec } from '../config/index.js';
import { etcdTopology } from '../constants/index.js';
import { runEngine, type EngineResult, type Phase } from '../engine/index.js';
import { KbsError } from '../errors/index.js';
import type { EventBus } from '../events/index.js';
import type { Host, Transport } from '../host/index.js';
import { isEtcdHost, signedNodeSource, type ProofRow, type RunContext } from '../phases/index.js';
import { clusterImages, resolveVersions } from '../versions/index.js';
import { openClusterApi, openClusterEtcd } from './cluster-api.js';
import { withClusterLock } from './cluster-lock.js';
import { connectAll, tryConnect, type Connected, type ConnectOptions } from './connect.js';
import { createCustomNetworkSource } from './custom-network.js';
import { readExternalEtcd } from './external-etcd.js';
import { createPkiSource } from './pki-source.js';
import { createRegistryCredentialsSource } from './registry-credentials.js';
import { createVrrpPasswordSource } from './vrrp-password.js';

/** What every operation on a cluster file gets from its command. */
export interface ClusterInput {
  readonly spec: ClusterSpec;
  readonly transportFor: (host: HostSpec) => Transport;
  /** Folder of this machine for artifacts, content-addressed. */
  readonly cacheDirectory: string;
  readonly bus: EventBus;
  readonly signal: AbortSignal;
  readonly now: () => Date;
  readonly ignorePreflight: ReadonlySet<string>;
  /** How nodes are emptied whose container runtime changes; default: five minutes, and no pod is lost. */
  readonly drain?: { readonly timeoutMs: number; readonly force: boolean };
  /** Names of phases to leave out. */
  readonly skipPhases?: ReadonlySet<string>;
  /** Names of the only phases to run. */
  readonly onlyPhases?: ReadonlySet<string>;
}

/** Hosts of an operation: those it changes, and control planes it only needs for their keys and their API. */
export interface OperationHosts {
  readonly targets: readonly Host[];
  readonly helpers: readonly Host[];
}

function connectOptions(input: ClusterInput): ConnectOptions {
  return { spec: input.spec, transportFor: input.transportFor, bus: input.bus, signal: input.signal };
}

/** Connects to hosts that must all be there. @throws KbsErrors naming each that is not */
export function connectTargets(input: ClusterInput, hosts: readonly HostSpec[]): Promise<readonly Host[]> {
  return connectAll(hosts, connectOptions(input));
}

/** Connects to hosts of which some may not be there. */
export function tryTargets(input: ClusterInput, hosts: readonly HostSpec[]): Promise<Connected> {
  return tryConnect(hosts, connectOptions(input));
}

/** A dead control plane must not cost every command the whole time a host may take to be reached. */
const HELPER_GRACE_MS = 8_000;

/**
 * Connects to the control planes as helpers: one that answers is enough.
 * @throws KbsError SSH_UNREACHABLE and the like when none does
 */
export async function connectHelpers(input: ClusterInput, hosts = controlPlanes(input.spec)): Promise<readonly Host[]> {
  const { hosts: connected, failures } = await tryConnect(hosts, { ...connectOptions(input), graceMs: HELPER_GRACE_MS });
  const [first] = failures;
  if (connected.length === 0 && first !== undefined) throw first;
  for (const failure of failures) input.bus.emit({ type: 'warning', message: failure.message, remedy: failure.remedy });
  return connected;
}

/** Opens the artifact store of a spec; how far downloads are is told in the name of a host. */
export function openArtifacts({ spec, cacheDirectory, bus, signal }: ClusterInput, host: string): Promise<ArtifactStore> {
  return openArtifactStore({
    artifacts: spec.artifacts,
    cacheDirectory,
    signal,
    onProgress: (name, doneBytes, totalBytes) => bus.emit(downloadProgress(host, name, doneBytes, totalBytes)),
    onInterrupted: (name, reason) => bus.emit({ type: 'warning', phase: 'artifacts', message: `${name}: ${reason}; trying again` }),
  });
}

/** Assembles what phases ask for. */
export async function openRunContext(input: ClusterInput, hosts: OperationHosts, mayCreatePki: boolean): Promise<RunContext> {
  const { spec, now } = input;
  const all = [...hosts.targets, ...hosts.helpers];
  const artifacts = await openArtifacts(input, all[0]?.name ?? '');
  const versions = resolveVersions(spec, artifacts.catalogue);
  const controlPlaneHosts = all.filter((host) => host.roles.has('control-plane'));
  const etcdHosts = all.filter(isEtcdHost);
  const etcd = etcdTopology(spec);
  const pki = createPkiSource({
    controlPlanes: controlPlaneHosts,
    etcdHosts,
    etcd,
    externalEtcd: () => readExternalEtcd(spec, now()),
    mayCreate: mayCreatePki,
    now,
  });
  const kube = openClusterApi(controlPlaneHosts, pki, now);
  const memberHosts = etcd === 'hosts' ? etcdHosts : controlPlaneHosts;
  return Object.freeze({
    spec,
    hosts: hosts.targets,
    controlPlanes: controlPlaneHosts,
    memberHosts,
    mayFound: mayCreatePki,
    mayChangeRuntime: false,
    artifacts,
    versions,
    images: clusterImages(spec, versions),
    pki,
    node: signedNodeSource(spec, pki),
    vrrp: createVrrpPasswordSource(controlPlaneHosts),
    customNetwork: createCustomNetworkSource(spec),
    registryCredentials: createRegistryCredentialsSource(spec, input.bus),
    kube,
    etcd: openClusterEtcd(memberHosts, pki, now),
    ignorePreflight: input.ignorePreflight,
    now,
    proof: createProofReport(),
  });
}

function createProofReport(): RunContext['proof'] {
  let rows: readonly ProofRow[] = [];
  return {
    put: (found) => {
      rows = found;
    },
    rows: () => rows,
  };
}

const MIB = 1024 * 1024;

function downloadProgress(host: string, name: string, doneBytes: number, totalBytes: number | undefined) {
  const total = totalBytes === undefined ? '' : ` of ${Math.ceil(totalBytes / MIB)}`;
  const message = `${name}: ${Math.floor(doneBytes / MIB)}${total} MiB`;
  return { type: 'step.progress', phase: 'artifacts', host, step: 'artifacts/fetch', message } as const;
}

/** The phases that are left after `--phase` and `--skip-phase`. @throws KbsError USAGE for a name no phase has */
export function selectPhases<Context>(
  phases: readonly Phase<Context>[],
  input: Pick<ClusterInput, 'skipPhases' | 'onlyPhases'>,
): readonly Phase<Context>[] {
  const names = new Set(phases.map(({ name }) => name));
  for (const name of [...(input.skipPhases ?? []), ...(input.onlyPhases ?? [])]) {
    if (!names.has(name)) throw new KbsError('USAGE', `there is no phase ${name}`, { remedy: [`phases: ${[...names].join(' ')}`] });
  }
  const chosen = phases.filter(({ name }) => (input.onlyPhases?.has(name) ?? true) && !(input.skipPhases?.has(name) ?? false));
  const left = new Set(chosen.map(({ name }) => name));
  // What was left out is not waited for: whoever leaves out a phase says that its work is done.
  const present = (wanted: readonly string[]): readonly string[] => wanted.filter((name) => left.has(name));
  return chosen.map((phase) => ({
    ...phase,
    ...(phase.after === undefined ? {} : { after: present(phase.after) }),
    ...(phase.waitsFor === undefined ? {} : { waitsFor: present(phase.waitsFor) }),
  }));
}

/** Runs phases on the targets and closes every connection, whatever happens. */
export async function runPhases<Context>(
  input: Pick<ClusterInput, 'skipPhases' | 'onlyPhases' | 'signal' | 'bus'>,
  run: {
    readonly operation: string;
    readonly phases: readonly Phase<Context>[];
    readonly context: Context;
    readonly hosts: OperationHosts;
    readonly mode: 'apply' | 'plan';
  },
): Promise<EngineResult> {
  // A control plane that is not worked on is one that runs already.
  const all = [...run.hosts.helpers, ...run.hosts.targets];
  const clusterHost = all.find((host) => host.roles.has('control-plane')) ?? all[0];
  if (clusterHost === undefined) throw new KbsError('USAGE', 'no host is left to work on');
  const phases = selectPhases(run.phases, input);
  const work = (): Promise<EngineResult> =>
    runEngine(
      {
        operation: run.operation,
        phases,
        context: run.context,
        hosts: run.hosts.targets,
        clusterHost,
        mode: run.mode,
        signal: input.signal,
      },
      input.bus,
    );
  if (run.mode === 'plan') return work();
  return withClusterLock(all, { run: input.bus.run, operation: run.operation, now: new Date() }, work);
}

/** Closes the connections to hosts. */
export async function disconnect(hosts: OperationHosts): Promise<void> {
  await Promise.all([...hosts.targets, ...hosts.helpers].map((host) => host.transport.close()));
}
