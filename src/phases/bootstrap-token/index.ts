export { bootstrapTokenPhase, waitForSignature, type NewBootstrapToken } from './phase.js';
