export { FLANNEL_OWNER, KUBE_ROUTER_POLICY_OWNER, KUBE_ROUTER_ROUTE_OWNER, type RuleOwner } from './firewall-rules.js';
export { lookAtRules, removeRules, type ToolCleaning } from './firewall-step.js';
export { formerState } from './former-state.js';
export { describeIpvs, lookAtIpvs, removeIpvs } from './ipvs-step.js';
export { nodeObjectStep } from './node-object-step.js';
export { isManaged, RESET_PHASES, type ResetContext } from './phases.js';
