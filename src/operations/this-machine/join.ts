import type { ClusterSpec } from '../../config/index.js';
import { PATHS } from '../../constants/index.js';
import {
  discoverCluster,
  endpointOfServer,
  hasReadyNode,
  parseCaHashes,
  readJoinConfig,
  type DiscoveredCluster,
  type JoinConfig,
} from '../../discovery/index.js';
import type { Phase } from '../../engine/index.js';
import { KbsError, toKbsError } from '../../errors/index.js';
import type { Host } from '../../host/index.js';
import { createKubeAccess } from '../../kube/index.js';
import {
  artifactsPhase,
  baselinePhase,
  binariesPhase,
  containerRuntimePhase,
  imagesPhase,
  joinedProblem,
  joinNodePhase,
  kubeletPhase,
  nameTaken,
  preflightPhase,
  prepareHostPhase,
  tokenNodeSource,
  workersPhase,
  type NodeSource,
  type RunContext,
} from '../../phases/index.js';
import { parseBootstrapToken, type BootstrapToken } from '../../pki/index.js';
import type { Secret } from '../../secret/index.js';
import { clusterImages, resolveVersions } from '../../versions/index.js';
import { connectTargets, disconnect, openArtifacts, runPhases, type ClusterInput } from '../cluster-run.js';
import type { ConvergeResult } from '../converge.js';
import { hideToken } from '../join-words.js';
import { addressHere, nodeNameHere } from './address.js';
import { parseJoinEndpoint } from './join-endpoint.js';
import { joinSpec, type JoinSettings } from './join-spec.js';
import { inputFor, type ThisMachineRun } from './run.js';

/** `kbs join ENDPOINT` on this machine. */
export interface JoinHereOptions extends ThisMachineRun {
  readonly settings: JoinSettings;
  /** As typed: `HOST` or `HOST:PORT`. */
  readonly endpoint: string;
  readonly token: Secret;
  /** As typed; none only with {@link JoinHereOptions.skipCaVerification}. */
  readonly caHashes: readonly string[];
  readonly skipCaVerification: boolean;
}

/** A run on a node that comes with a token: nobody here has the cluster's keys, and nothing is proven for the whole cluster. */
type JoinContext = Omit<RunContext, 'pki' | 'proof' | 'etcd' | 'controlPlanes' | 'mayFound' | 'vrrp'>;

/** From a bare machine to a node that is Ready, with what the cluster tells whoever has a token. */
const JOIN_PHASES: readonly Phase<JoinContext>[] = [
  preflightPhase,
  artifactsPhase,
  baselinePhase,
  prepareHostPhase,
  binariesPhase,
  containerRuntimePhase,
  imagesPhase,
  kubeletPhase,
  workersPhase,
  joinNodePhase,
];

/** @throws KbsError USAGE without any hash, unless that was asked for */
function wantedHashes({ caHashes, skipCaVerification }: JoinHereOptions): readonly string[] | 'any' {
  if (caHashes.length > 0) return parseCaHashes(caHashes);
  if (skipCaVerification) return 'any';
  throw new KbsError('USAGE', 'no hash of the cluster’s CA was given: any machine could pretend to be the cluster', {
    remedy: [
      'add --discovery-token-ca-cert-hash sha256:…   # kbs token create --print-join-command on a control plane shows it',
      'add --discovery-token-unsafe-skip-ca-verification where everybody who knows the token is trusted',
    ],
  });
}

interface Found {
  readonly cluster: DiscoveredCluster;
  readonly config: JoinConfig;
  readonly token: BootstrapToken;
}

const PHASE = 'discovery';

/** Finds the cluster and asks it what a node needs to know; nothing is changed. */
async function discover(options: JoinHereOptions, name: string): Promise<Found> {
  const { bus, signal } = options;
  const token = parseBootstrapToken(options.token);
  hideToken(bus, token);
  const endpoint = parseJoinEndpoint(options.endpoint);
  const caHashes = wantedHashes(options);
  const startedMs = performance.now();
  const durationMs = (): number => Math.round(performance.now() - startedMs);
  bus.emit({ type: 'phase.start', phase: PHASE, title: 'Find the cluster', hosts: [name] });
  bus.emit({ type: 'host.start', phase: PHASE, host: name, steps: 1, after: [] });
  const end = (isFound: boolean): void => {
    bus.emit({ type: 'host.end', phase: PHASE, host: name, durationMs: durationMs(), status: isFound ? 'unchanged' : 'failed' });
    bus.emit({ type: 'phase.end', phase: PHASE, durationMs: durationMs(), status: isFound ? 'succeeded' : 'failed' });
  };
  try {
    const cluster = await discoverCluster({ endpoint, token, caHashes, signal });
    const config = await readJoinConfig({ cluster, token, signal });
    end(true);
    return { cluster, config, token };
  } catch (error) {
    end(false);
    throw toKbsError(error, { phase: PHASE });
  }
}

async function readCredentials(host: Host, ca: string) {
  const pem = await host.files.readSecret(PATHS.kubeletClientCertificate);
  if (pem === undefined)
    throw new KbsError('FILE_READ', `${PATHS.kubeletClientCertificate} is not there: the kubelet has no certificate yet`);
  return { ca, certificate: pem.reveal(), privateKey: pem };
}

/** The API as this node reaches it, with the kubelet's own credentials. */
function nodeApi(host: Host, { server, caCertificate }: DiscoveredCluster): RunContext['kube'] {
  const endpoint = endpointOfServer(server);
  return createKubeAccess({
    controlPlanes: [{ name: server, address: endpoint.host, dial: (address, port) => host.dial(address, port) }],
    port: endpoint.port,
    credentials: () => readCredentials(host, caCertificate),
  });
}

async function joinContext(input: ClusterInput, host: Host, node: NodeSource, kube: RunContext['kube']): Promise<JoinContext> {
  const { spec, ignorePreflight, now } = input;
  const artifacts = await openArtifacts(input, host.name);
  const versions = resolveVersions(spec, artifacts.catalogue);
  return Object.freeze({
    spec,
    hosts: [host],
    artifacts,
    versions,
    images: clusterImages(spec, versions),
    node,
    kube,
    ignorePreflight,
    now,
  });
}

/** A machine that is in the cluster already goes on where it stopped; any other one must bring a name of its own. */
async function checkName(options: JoinHereOptions, host: Host, node: NodeSource, { cluster, token }: Found): Promise<void> {
  // Without root nothing can be seen of it; preflight says so.
  if (host.facts.privilegeProblem !== undefined) return;
  const { access } = await node.entry();
  const problem = await joinedProblem(host, { nodeName: host.name, access, now: () => new Date() });
  if (problem === undefined) return;
  if (await hasReadyNode({ cluster, token, signal: options.signal }, host.name)) throw nameTaken(host.name);
}

async function joinAs(options: JoinHereOptions, spec: ClusterSpec, found: Found): Promise<ConvergeResult> {
  const input = inputFor(options, spec);
  const targets = await connectTargets(input, spec.hosts);
  const [host] = targets;
  if (host === undefined) throw new KbsError('INTERNAL', 'this machine is not among the hosts');
  const { cluster, config, token } = found;
  const node = tokenNodeSource({ ...cluster, token: token.token, kubeletConfig: config.kubelet, overrides: spec.kubelet.config });
  const kube = nodeApi(host, cluster);
  try {
    await checkName(options, host, node, found);
    const context = await joinContext(input, host, node, kube);
    const hosts = { targets, helpers: [] };
    const result = await runPhases(input, { operation: 'join', phases: JOIN_PHASES, context, hosts, mode: options.mode });
    return { operation: 'join', cluster: spec.name, hosts: [host.name], ...result, proof: [], notInFile: [] };
  } finally {
    await kube.close();
    await disconnect({ targets, helpers: [] });
  }
}

/**
 * Makes this machine a worker of a cluster that kbs or kubeadm made, with a bootstrap token. Nothing is changed before the cluster
 * has proven who it is and every preflight check has passed.
 * @throws KbsError USAGE, TOKEN_REFUSED, DISCOVERY_UNTRUSTED, KUBE_UNREACHABLE, PREFLIGHT_FAILED and whatever the phases throw
 */
export async function joinThisMachine(options: JoinHereOptions): Promise<ConvergeResult> {
  const { settings } = options;
  const name = nodeNameHere(settings.nodeName);
  const found = await discover(options, name);
  const address = settings.nodeIp ?? found.cluster.localAddress ?? (await addressHere('--node-ip'));
  const facts = { server: endpointOfServer(found.cluster.server), config: found.config };
  const { spec, warnings } = await joinSpec(settings, facts, { name, address });
  options.onCluster(spec.name);
  for (const message of warnings) options.bus.emit({ type: 'warning', message });
  return joinAs(options, spec, found);
}
