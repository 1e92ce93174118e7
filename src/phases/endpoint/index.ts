export { endpointOfHost, type EndpointOfHost } from './health.js';
export { joinedNodeObjects, joinedNodesPhase } from './joined-nodes.js';
export { KEEPALIVED_FILES } from './keepalived.js';
export { hasLocalLb, localLbFiles, localLbLabels, localLbSteps } from './local-lb.js';
export { endpointCleanupPhase, endpointPhase, endpointReachPhase, loadBalancersPhase } from './phases.js';
export { beforeMoveStep, waitForEndpoint } from './reach.js';
export { staleAddressStep } from './virtual-address.js';
