export { binariesPhase } from './phase.js';
