export { baselinePhase } from './phase.js';
export { BASELINE_NOTES, MOVED_SYSCTLS, OWN_TREES } from './record.js';
