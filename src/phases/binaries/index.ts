export { binariesPhase, cniPluginTarget, crictlTarget } from './phase.js';
