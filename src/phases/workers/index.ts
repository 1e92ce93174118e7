export { workersPhase } from './phase.js';
