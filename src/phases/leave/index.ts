export { cordonStep } from './cordon-step.js';
export { drainStep, memberOfNode, membersHealth } from './steps.js';
export {
  cordonPhase,
  drainPhase,
  LEAVE_ETCD_HOST_PHASES,
  LEAVE_PHASES,
  uncordonPhase,
  type DrainContext,
  type LeaveContext,
  type LeaveEtcdContext,
} from './phases.js';
