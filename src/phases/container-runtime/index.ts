export { isAt } from './belongings.js';
export { containerRuntimeFiles, containerRuntimePhase } from './phase.js';
export { runtimeOf, runtimeOfType } from './runtimes.js';
export { plainSocket } from './socket.js';
export type { ContainerRuntime, RuntimeArtifact, RuntimeBelongings, RuntimeMachine } from './types.js';
