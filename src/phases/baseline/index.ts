export { baselinePhase } from './phase.js';
export { baselineCommand, baselineEntries, BASELINE_NOTES, STATE_TREES, treeContentNote } from './record.js';
