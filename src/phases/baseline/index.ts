export { baselinePhase } from './phase.js';
export { BPF_MOUNT, baselineCommand, baselineEntries, BASELINE_NOTES, ROUTES_LOOK, STATE_TREES, treeContentNote } from './record.js';
export { GROUP_NOTE, runtimeRecordStep, type RuntimeTraces } from './runtime-record.js';
