import type { ClusterSpec } from '../../config/index.js';
import { NODE_KEYS } from '../../constants/index.js';
import type { Phase } from '../../engine/index.js';
import { KbsError } from '../../errors/index.js';
import type { Host } from '../../host/index.js';
import { internalAddress, type KubeAccess } from '../../kube/index.js';
import {
  apiServerPhase,
  artifactsPhase,
  baselinePhase,
  binariesPhase,
  certificatesPhase,
  containerRuntimePhase,
  controllerManagerPhase,
  controlPlaneChangesPhase,
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
  proofImagesPhase,
  schedulerPhase,
  uploadedNodeSource,
  type PkiSource,
  type RunContext,
} from '../../phases/index.js';
import type { SharedPki } from '../../pki/index.js';
import { adminCredentials, openClusterEtcd, openServerApi, type EtcdHost } from '../cluster-api.js';
import type { ConvergeResult } from '../converge.js';
import type { Found, JoinHereOptions } from './found.js';
import { runJoin, type JoinContext } from './join-run.js';

/** A run on a machine that becomes a control plane by itself. */
type ControlPlaneContext = JoinContext & Pick<RunContext, 'pki' | 'etcd' | 'controlPlanes' | 'memberHosts' | 'mayFound'>;

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
  controlPlaneChangesPhase,
  imagesPhase,
  proofImagesPhase,
  etcdPhase,
  controllerManagerPhase,
  apiServerPhase,
  schedulerPhase,
  nodesPhase,
  nodeReadyPhase,
];

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
export function joinAsControlPlane(
  options: JoinHereOptions,
  spec: ClusterSpec,
  found: Found & { readonly pki: SharedPki },
): Promise<ConvergeResult> {
  const { cluster, config, pki: shared } = found;
  const pki = uploadedPkiSource(shared);
  return runJoin<ControlPlaneContext>(options, spec, found, {
    phases: JOIN_PHASES,
    node: uploadedNodeSource({ ...cluster, ca: shared.ca, kubeletConfig: config.kubelet, overrides: spec.kubelet.config }),
    openKube: (host) => openServerApi(host, cluster.server, () => adminCredentials(shared.ca, new Date())),
    complete: async (context, host) => ({
      ...{ ...context, pki, controlPlanes: [host], memberHosts: [host], mayFound: false },
      etcd: openClusterEtcd(await etcdHosts(host, context.kube, options.signal), pki, context.now),
    }),
  });
}
