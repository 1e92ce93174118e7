export type { ProofRow } from '../proof-row.js';
export { proofPhase } from './phase.js';
