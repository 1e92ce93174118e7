export { findRuntimeChanges, inOrder, type RuntimeChange, type RuntimeChangeContext } from './change.js';
export { RUNTIME_CHANGE_PHASES } from './phases.js';
