export { containerRuntimeFiles, containerRuntimePhase, FLANNEL_CNI_FILE } from './phase.js';
export { runtimeOf } from './runtimes.js';
export type { ContainerRuntime, RuntimeArtifact, RuntimeMachine } from './types.js';
