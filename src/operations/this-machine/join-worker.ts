import type { ClusterSpec } from '../../config/index.js';
import { PATHS } from '../../constants/index.js';
import { endpointOfServer, type DiscoveredCluster } from '../../discovery/index.js';
import type { Phase } from '../../engine/index.js';
import { KbsError } from '../../errors/index.js';
import type { Host } from '../../host/index.js';
import { createKubeAccess } from '../../kube/index.js';
import {
  artifactsPhase,
  baselinePhase,
  binariesPhase,
  containerRuntimePhase,
  imagesPhase,
  joinNodePhase,
  kubeletPhase,
  preflightPhase,
  prepareHostPhase,
  tokenNodeSource,
  workersPhase,
  type NodeSource,
  type RunContext,
} from '../../phases/index.js';
import { clusterImages, resolveVersions } from '../../versions/index.js';
import { connectTargets, disconnect, openArtifacts, runPhases, type ClusterInput } from '../cluster-run.js';
import type { ConvergeResult } from '../converge.js';
import { checkName, type Found, type JoinHereOptions } from './found.js';
import { inputFor } from './run.js';

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

/** Makes this machine a worker. */
export async function joinAsWorker(options: JoinHereOptions, spec: ClusterSpec, found: Found): Promise<ConvergeResult> {
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
