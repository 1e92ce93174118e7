// Static pods as the kubelet of a node sees them.
export { commandOf, processesOf, programOf, type ProgramProcess } from './processes.js';
export { staticPodStep, untilSettled } from './settled.js';
