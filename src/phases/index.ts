export { CLUSTER_NAME, controlPlaneNode, endpointAccess, etcdEndpoints, localAccess, nodeAccess } from './access.js';
export { artifactRequests, artifactsPhase } from './artifacts/index.js';
export { bootstrapTokenPhase, waitForSignature, type NewBootstrapToken } from './bootstrap-token/index.js';
export { baselinePhase } from './baseline/index.js';
export { binariesPhase } from './binaries/index.js';
export { certificatesPhase } from './certificates/index.js';
export {
  bootstrapTokenSecret,
  certificateLifetimeSecret,
  clusterDnsPhase,
  clusterObjectsPhase,
  uploadedCertificatesRights,
  uploadedCertificatesSecret,
  type BootstrapTokenInput,
} from './cluster-objects/index.js';
export { containerRuntimePhase } from './container-runtime/index.js';
export {
  isControlPlane,
  isEtcdHost,
  isNode,
  type NodeEntry,
  type NodeSource,
  type PkiSource,
  type ProofReport,
  type RunContext,
  type CustomNetworkSource,
  type RegistryCredentialsSource,
  type VrrpPasswordSource,
} from './context.js';
export {
  apiServerPhase,
  controllerManagerPhase,
  controlPlaneChangesPhase,
  controlPlaneKubeletPhase,
  controlPlanePhase,
  etcdPhase,
  peerUrlOf,
  schedulerPhase,
} from './control-plane/index.js';
export {
  endpointCleanupPhase,
  endpointOfHost,
  endpointPhase,
  endpointReachPhase,
  joinedNodesPhase,
  loadBalancersPhase,
  type EndpointOfHost,
} from './endpoint/index.js';
export { etcdChecksPhase, lookAtEndpoint } from './etcd-checks/index.js';
export { etcdHostsPhase, etcdMembersPhase, etcdServersPhase } from './etcd-hosts/index.js';
export { controlPlaneImagesPhase, imagesPhase, proofImagesPhase } from './images/index.js';
export { joinScript, partsBaseUrl, type JoinScriptInput } from './join-script/index.js';
export { joinNodePhase, nameTaken, nodeReadyPhase } from './join-node/index.js';
export { joinedProblem, kubeletPhase } from './kubelet/index.js';
export { signedNodeSource, tokenNodeSource, uploadedNodeSource, type JoiningNodeInput } from './node-source.js';
export {
  cordonPhase,
  drainPhase,
  LEAVE_ETCD_HOST_PHASES,
  LEAVE_PHASES,
  memberOfNode,
  membersHealth,
  uncordonPhase,
  type DrainContext,
  type LeaveContext,
  type LeaveEtcdContext,
} from './leave/index.js';
export { networkCleanupPhase } from './network-cleanup/index.js';
export { nodesPhase } from './nodes/index.js';
export { podNetworkPhase, readFlannel, type LiveFlannel } from './pod-network/index.js';
export { parseIgnoredChecks, preflightPhase } from './preflight/index.js';
export { prepareHostPhase } from './prepare/index.js';
export { isManaged, RESET_PHASES, type ResetContext } from './reset/index.js';
export { proofPhase, type ProofRow } from './proof/index.js';
export { runVerification, stageCluster, verificationError, verifyHost, type VerifyProfile, type VerifyRow } from './verify/index.js';
export { findRuntimeChanges, RUNTIME_CHANGE_PHASES, type RuntimeChange, type RuntimeChangeContext } from './runtime-change/index.js';
export { runtimeClassesPhase } from './runtime-classes/index.js';
export { serviceProxyPhase } from './service-proxy/index.js';
export { workersPhase } from './workers/index.js';
