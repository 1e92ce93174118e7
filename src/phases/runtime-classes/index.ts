export { OWN_CLASS, runtimeClassLabels, runtimeClassObjects } from './objects.js';
export { runtimeClassesPhase } from './phase.js';
