export { imagesPhase } from './phase.js';
