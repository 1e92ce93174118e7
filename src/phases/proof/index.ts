export type { ProofRow } from '../proof-row.js';
export { collectEvidence } from './evidence.js';
export { proofPhase } from './phase.js';
export { nodeOf, nodeProblem, podIpOf, readClusterState, readyProblem, systemPodProblems, type ClusterState } from './readiness.js';
export { runProof, type ProofOptions } from './run-proof.js';
export { waitForNodesReady, waitForSystemPods, type ProbePod, type ReadinessWait } from './waits.js';
