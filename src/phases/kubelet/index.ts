export { kubeletConfigText, kubeletFlagsText } from './config.js';
export { kubeletPhase, kubeletServiceStep } from './phase.js';
