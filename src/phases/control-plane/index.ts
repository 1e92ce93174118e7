export { apiServerPhase, controllersPhase, controlPlaneKubeletPhase, controlPlanePhase, etcdPhase } from './phases.js';
