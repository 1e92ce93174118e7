export type { ProofRow } from '../proof-row.js';
export { proofPhase } from './phase.js';
export { runProof, type ProofOptions } from './run-proof.js';
export { waitForNodesReady, waitForSystemPods, type ReadinessWait } from './waits.js';
