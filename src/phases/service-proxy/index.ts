export { serviceProxyPhase } from './phase.js';
export { ownerOfOtherMode, type ServiceProxyMode } from './owners.js';
