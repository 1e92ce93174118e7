export { containerdTarget, containerRuntimeFiles, containerRuntimePhase, CRI_SOCKET, FLANNEL_CNI_FILE } from './phase.js';
