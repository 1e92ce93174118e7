export {
  step,
  type AnyStep,
  type Change,
  type EngineResult,
  type EngineRun,
  type HostSelector,
  type Phase,
  type Step,
  type StepContext,
} from './types.js';
export { waitFor, type Glimpse, type WaitOptions } from './wait.js';
export { runEngine } from './run.js';
