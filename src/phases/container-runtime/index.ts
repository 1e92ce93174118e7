export { containerRuntimeFiles, containerRuntimePhase } from './phase.js';
export { runtimeOf } from './runtimes.js';
export type { ContainerRuntime, RuntimeArtifact, RuntimeMachine } from './types.js';
