export { addMemberStep, promoteMemberStep } from './etcd-join-steps.js';
export { withHeadStart } from './etcd-head-start.js';
export { etcdStartOf, joiningFlags, type EtcdStartFlags } from './etcd-start.js';
export { apiServerReadyStep } from './api-server-step.js';
export { rolledManifestsStep } from './rolled-manifests-step.js';
export { apiServerManifest } from './manifests.js';
export {
  apiServerPhase,
  controllerManagerPhase,
  controlPlaneChangesPhase,
  controlPlaneKubeletPhase,
  controlPlanePhase,
  etcdPhase,
  schedulerPhase,
} from './phases.js';
export { peerUrlOf } from './etcd-start.js';
