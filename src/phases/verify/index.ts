export { CHECKS } from './checks/index.js';
export { runVerification, verificationError, type Verification, type VerifyOptions } from './run-verify.js';
export type { Check, HostRequest, VerifyHost, VerifyProfile, VerifyRow } from './types.js';
