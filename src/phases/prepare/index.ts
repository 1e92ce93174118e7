export { hostLines, hostsFileStep, HOSTS_FILE_MARK } from './hosts-file.js';
export { kernelModulesFor, NODE_SYSCTLS } from './kernel-needs.js';
export { prepareHostPhase, undoPreparationSteps } from './phase.js';
