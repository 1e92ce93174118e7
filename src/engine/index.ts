export {
  checkStep,
  isMeant,
  step,
  type AnyStep,
  type Change,
  type Check,
  type EngineResult,
  type EngineRun,
  type HostSelector,
  type Phase,
  type PreparedStep,
  type Step,
  type StepContext,
} from './types.js';
export { doneUnless, waitFor, type Glimpse, type WaitOptions } from './wait.js';
export { runEngine } from './run.js';
