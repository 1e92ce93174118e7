export { joinNodePhase, nameTaken, nodeReadyPhase } from './phase.js';
