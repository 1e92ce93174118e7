export { initThisMachine, type InitHereOptions, type InitHereResult } from './init.js';
export type { InitSettings } from './init-spec.js';
export type { JoinHereOptions } from './found.js';
export { joinThisMachine } from './join.js';
export type { JoinSettings } from './join-spec.js';
export type { ThisMachineRun } from './run.js';
