export { joinNodePhase, nameTaken } from './phase.js';
