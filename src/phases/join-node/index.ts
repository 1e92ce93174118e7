export { kubeletTrouble } from './evidence.js';
export { joinNodePhase, nameTaken, nodeReadyPhase } from './phase.js';
