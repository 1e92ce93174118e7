export { baselinePhase } from './phase.js';
export { BASELINE_NOTES, STATE_TREES, treeContentNote } from './record.js';
