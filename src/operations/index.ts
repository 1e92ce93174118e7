export { adoptCluster, type AdoptedHost, type AdoptResult } from './adopt/index.js';
export type { ClusterInput } from './cluster-run.js';
export { CLUSTER_PHASES } from './cluster-phases.js';
export { applyCluster, initCluster, joinHosts, type ConvergeResult } from './converge.js';
export { openClusterInput, openSsh, type OpenClusterOptions } from './open-cluster.js';
export { adminKubeconfig } from './admin-kubeconfig.js';
export { defaultKubeconfigPath, mergeIntoKubeconfig, writeKubeconfig } from './local-kubeconfig.js';
export { clusterStatus, type ClusterStatus } from './status.js';
export { resetCluster, resetTargets, resetThisMachine, type ResetResult } from './reset.js';
export { makeJoinScript, writeJoinScript, type JoinScript, type JoinScriptOptions } from './join-script.js';
export type { JoinWords } from './join-words.js';
export { parseCertificateKey } from '../pki/index.js';
export { parseTimeLimit, parseTokenTtl } from './token-ttl.js';
export {
  initThisMachine,
  joinThisMachine,
  type InitHereOptions,
  type InitHereResult,
  type InitSettings,
  type JoinHereOptions,
  type JoinSettings,
  type ThisMachineRun,
} from './this-machine/index.js';
export { createToken, deleteTokens, listTokens, type ApiPlace, type CreatedToken, type TokenRow } from './tokens/index.js';
export {
  addNode,
  drainClusterNode,
  removeNode,
  replaceNode,
  type DrainNodeOptions,
  type NodeResult,
  type RemoveOptions,
  type ReplaceOptions,
} from './nodes/index.js';
export { verifyCluster, type VerifyResult } from './verify.js';
