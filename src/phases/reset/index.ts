export { nodeObjectStep } from './node-object-step.js';
export { isManaged, RESET_PHASES, type ResetContext } from './phases.js';
