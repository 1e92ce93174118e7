export { joinedProblem } from './bootstrap-step.js';
export {
  kubeletConfigText,
  kubeletFlagsText,
  machineFlagsText,
  resolverFields,
  workerRegistration,
  type KubeletMachine,
} from './config.js';
export { kubeletFiles, KUBELET_FOLDERS, kubeletPhase, kubeletServiceStep } from './phase.js';
