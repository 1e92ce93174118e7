export { CHECKS } from './checks/index.js';
export { distantHost, verifyHost } from './hosts.js';
export { nodeOf, podIpOf, readyProblem } from './readiness.js';
export { runVerification, verificationError, type Verification, type VerifyOptions } from './run-verify.js';
export { stageCluster } from './stage-cluster.js';
export type { Check, HostRequest, VerifyHost, VerifyProfile, VerifyRow } from './types.js';
