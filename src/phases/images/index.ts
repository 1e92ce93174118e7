export { controlPlaneImagesPhase, imagesPhase } from './phase.js';
