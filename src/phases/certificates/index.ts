export { certificatesPhase } from './phase.js';
