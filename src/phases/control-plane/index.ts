export { initialClusterOf } from './etcd-start.js';
export { apiServerPhase, controllersPhase, controlPlaneKubeletPhase, controlPlanePhase, etcdPhase } from './phases.js';
export { peerUrlOf } from './etcd-start.js';
