export { apiServerPhase, controllersPhase, controlPlaneKubeletPhase, controlPlanePhase } from './phases.js';
