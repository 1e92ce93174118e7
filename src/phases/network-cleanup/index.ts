export { networkCleanupPhase } from './phase.js';
