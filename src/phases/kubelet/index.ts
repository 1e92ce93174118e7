export { joinedProblem } from './bootstrap-step.js';
export { kubeletConfigText, kubeletFlagsText, resolverFields } from './config.js';
export { kubeletPhase, kubeletServiceStep } from './phase.js';
