export { controlPlaneImagesPhase, imagesPhase, proofImagesPhase } from './phase.js';
