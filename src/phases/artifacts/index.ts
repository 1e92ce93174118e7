export { artifactRequests, artifactsPhase } from './phase.js';
