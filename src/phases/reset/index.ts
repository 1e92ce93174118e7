export { isManaged, RESET_PHASES, type ResetContext } from './phases.js';
