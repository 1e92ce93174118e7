import type { Phase } from '../engine/index.js';
import {
  apiServerPhase,
  artifactsPhase,
  baselinePhase,
  binariesPhase,
  certificatesPhase,
  clusterDnsPhase,
  clusterObjectsPhase,
  containerRuntimePhase,
  controlPlaneImagesPhase,
  controlPlaneKubeletPhase,
  controlPlanePhase,
  controllersPhase,
  etcdPhase,
  imagesPhase,
  kubeletPhase,
  nodesPhase,
  podNetworkPhase,
  preflightPhase,
  prepareHostPhase,
  proofPhase,
  workersPhase,
  type RunContext,
} from '../phases/index.js';

/**
 * From bare hosts to a proven cluster; `init`, `join` and `apply` differ only in the hosts they run it on.
 * Read from top to bottom; what runs side by side is said by each phase's `after` and `waitsFor`.
 */
export const CLUSTER_PHASES: readonly Phase<RunContext>[] = [
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
  workersPhase,
  clusterObjectsPhase,
  podNetworkPhase,
  nodesPhase,
  clusterDnsPhase,
  proofPhase,
];
