import type { ClusterSpec } from '../../config/index.js';
import { NODE_KEYS } from '../../constants/index.js';
import { endpointOfServer } from '../../discovery/index.js';
import type { Phase } from '../../engine/index.js';
import { KbsError } from '../../errors/index.js';
import type { Host } from '../../host/index.js';
import { createKubeAccess, internalAddress, type KubeAccess } from '../../kube/index.js';
import {
  apiServerPhase,
  artifactsPhase,
  baselinePhase,
  binariesPhase,
  certificatesPhase,
  containerRuntimePhase,
  controllersPhase,
  controlPlaneImagesPhase,
  controlPlaneKubeletPhase,
  controlPlanePhase,
  etcdPhase,
  imagesPhase,
  kubeletPhase,
  nodeReadyPhase,
  nodesPhase,
  preflightPhase,
  prepareHostPhase,
  uploadedNodeSource,
  type PkiSource,
  type RunContext,
} from '../../phases/index.js';
import { issueClientCertificate, type SharedPki } from '../../pki/index.js';
import { clusterImages, resolveVersions } from '../../versions/index.js';
import { openClusterEtcd, type EtcdHost } from '../cluster-api.js';
import { connectTargets, disconnect, openArtifacts, runPhases } from '../cluster-run.js';
import type { ConvergeResult } from '../converge.js';
import { checkName, type Found, type JoinHereOptions } from './found.js';
import { inputFor } from './run.js';

/** A run on a machine that becomes a control plane by itself: the endpoint and its proof are the cluster's, not its own. */
type ControlPlaneContext = Omit<RunContext, 'proof' | 'vrrp'>;

/** From a bare machine to a control plane whose etcd member votes and whose node is Ready. */
const JOIN_PHASES: readonly Phase<ControlPlaneContext>[] = [
  preflightPhase,
  artifactsPhase,
  baselinePhase,
  prepareHostPhase,
  binariesPhase,
  containerRuntimePhase,
  controlPlaneImagesPhase,
  certificatesPhase,
  kubeletPhase,
  controlPlaneKubeletPhase,
  controlPlanePhase,
  imagesPhase,
  etcdPhase,
  controllersPhase,
  apiServerPhase,
  nodesPhase,
  nodeReadyPhase,
];

/** The API as this machine reaches it, as the cluster's administrator: whoever has the CA's key is one. */
function adminApi(host: Host, server: string, { ca }: SharedPki): KubeAccess {
  const endpoint = endpointOfServer(server);
  return createKubeAccess({
    controlPlanes: [{ name: server, address: endpoint.host, dial: (address, port) => host.dial(address, port) }],
    port: endpoint.port,
    credentials: async () => {
      const pair = await issueClientCertificate({ commonName: 'kubernetes-admin', organization: 'system:masters', ca, now: new Date() });
      return { ca: ca.certificate, certificate: pair.certificate, privateKey: pair.privateKey };
    },
  });
}

/** The cluster's authorities as they were uploaded. @throws KbsError USAGE where etcd is not on the control planes */
function uploadedPkiSource(shared: SharedPki): PkiSource {
  if (shared.etcdClient !== undefined) {
    throw new KbsError('USAGE', 'etcd of this cluster is not on its control planes: kbs adds them with the cluster file only', {
      remedy: ['kbs join -f CLUSTER_FILE --host NAME   # where the cluster file is', 'kubeadm join … --control-plane   # the same words'],
    });
  }
  const noExternal = new KbsError('INTERNAL', 'a machine that joins by itself knows of no external etcd');
  return { shared: () => Promise.resolve(shared), isNew: () => Promise.resolve(false), externalEtcd: () => Promise.reject(noExternal) };
}

/** Where the members of etcd are: on the nodes that are control planes. */
async function etcdHosts(host: Host, kube: KubeAccess, signal: AbortSignal): Promise<readonly EtcdHost[]> {
  const api = await kube.connect(signal);
  const nodes = await api.list({ apiVersion: 'v1', kind: 'Node' }, { labelSelector: NODE_KEYS.controlPlane });
  const hosts = nodes.flatMap((node): EtcdHost[] => {
    const { name } = node.metadata;
    const address = internalAddress(node);
    if (address === undefined || name === host.name) return [];
    return [{ name, address, dial: (to, port) => host.dial(to, port) }];
  });
  if (hosts.length > 0) return hosts;
  throw new KbsError('STEP_MISSING', 'no other node of the cluster is labelled as a control plane: etcd cannot be found', {
    remedy: [`kubectl label node NAME ${NODE_KEYS.controlPlane}=   # for those that are`],
  });
}

/** Makes this machine a control plane; its etcd member comes as a learner and votes when it has caught up. */
export async function joinAsControlPlane(
  options: JoinHereOptions,
  spec: ClusterSpec,
  found: Found & { readonly pki: SharedPki },
): Promise<ConvergeResult> {
  const input = inputFor(options, spec);
  const targets = await connectTargets(input, spec.hosts);
  const [host] = targets;
  if (host === undefined) throw new KbsError('INTERNAL', 'this machine is not among the hosts');
  const { cluster, config, pki: shared } = found;
  const pki = uploadedPkiSource(shared);
  const kube = adminApi(host, cluster.server, shared);
  const node = uploadedNodeSource({ ...cluster, ca: shared.ca, kubeletConfig: config.kubelet, overrides: spec.kubelet.config });
  try {
    await checkName(options, host, node, found);
    const etcd = openClusterEtcd(await etcdHosts(host, kube, options.signal), pki, input.now);
    const artifacts = await openArtifacts(input, host.name);
    const versions = resolveVersions(spec, artifacts.catalogue);
    const context: ControlPlaneContext = Object.freeze({
      ...{ spec, hosts: targets, controlPlanes: targets, mayFound: false, artifacts, versions, images: clusterImages(spec, versions) },
      ...{ pki, node, kube, etcd, ignorePreflight: input.ignorePreflight, now: input.now },
    });
    const hosts = { targets, helpers: [] };
    const result = await runPhases(input, { operation: 'join', phases: JOIN_PHASES, context, hosts, mode: options.mode });
    return { operation: 'join', cluster: spec.name, hosts: [host.name], ...result, proof: [], notInFile: [] };
  } finally {
    await kube.close();
    await disconnect({ targets, helpers: [] });
  }
}
