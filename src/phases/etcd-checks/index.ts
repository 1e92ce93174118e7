export { lookAtEndpoint } from './endpoint.js';
export { etcdChecksPhase } from './phase.js';
