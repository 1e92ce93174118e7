export {
  CALICO_OWNER,
  DOCKER_ALONE_OWNER,
  FLANNEL_OWNER,
  KUBE_ROUTER_POLICY_OWNER,
  KUBE_ROUTER_ROUTE_OWNER,
  POD_PORTS_OWNER,
  type RuleOwner,
} from './firewall-rules.js';
export { lookAtRules, removeRules, type ToolCleaning } from './firewall-step.js';
export { formerState, type FormerState } from './former-state.js';
export { describeIpvs, lookAtIpvs, removeIpvs } from './ipvs-step.js';
export { nodeObjectStep } from './node-object-step.js';
export { endPodsSteps, isManaged, RESET_PHASES, type ResetContext } from './phases.js';
export { groupsStep } from './groups-step.js';
export { linksStep } from './links-step.js';
export { pathsStep } from './paths-step.js';
export { stopUnitStep } from './stop-unit-step.js';
export { shortList, sweepStep } from './sweep-step.js';
export { treesStep } from './trees-step.js';
export { disableUnitsStep, formerUnitsStep } from './unit-steps.js';
