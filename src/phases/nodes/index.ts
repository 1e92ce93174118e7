export {
  nodeObject,
  nodeSettings,
  taintChange,
  TAINTS_ANNOTATION,
  type NodeSettings,
  type Taint,
  type TaintChange,
} from './node-settings.js';
export { nthNodeCidr } from './pod-cidr.js';
export { nodesPhase } from './phase.js';
