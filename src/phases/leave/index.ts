export { memberOfNode, membersHealth } from './steps.js';
export { cordonPhase, drainPhase, LEAVE_PHASES, uncordonPhase, type DrainContext, type LeaveContext } from './phases.js';
