export type { ProofRow } from '../proof-row.js';
export { nodeProofStep, proofPhase } from './phase.js';
