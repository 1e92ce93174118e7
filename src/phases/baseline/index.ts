export { baselinePhase } from './phase.js';
export { BPF_MOUNT, baselineCommand, baselineEntries, BASELINE_NOTES, ROUTES_LOOK, STATE_TREES, treeContentNote } from './record.js';
