import { KbsError, type ErrorPlace } from '../errors/index.js';
import type { EventBus, Plan, StepStatus } from '../events/index.js';
import type { Host } from '../host/index.js';
import { retryRead } from './retry.js';
import type { AnyStep, EngineRun, StepContext } from './types.js';

/** What all steps of a task share. */
export interface StepRun {
  readonly phase: string;
  readonly host: Host;
  readonly mode: EngineRun<unknown>['mode'];
  readonly signal: AbortSignal;
  readonly bus: EventBus;
  /** Told as soon as a step has planned something other than nothing. */
  readonly onPlan: (step: string, plan: Plan) => void;
}

const DEFAULT_TRIES = 3;

/**
 * Runs one step within its time: probe, plan, and when asked for apply and verify.
 * @throws KbsError TIMEOUT naming the step, or whatever the step throws, unwrapped
 */
export async function runStep(step: AnyStep, run: StepRun): Promise<StepStatus> {
  const timer = new AbortController();
  const signal = AbortSignal.any([run.signal, timer.signal]);
  let timeout: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timeout = setTimeout(() => {
      const error = timedOut(step, { host: run.host.name, phase: run.phase, step: step.id });
      reject(error);
      timer.abort(error);
    }, step.timeoutMs);
  });
  try {
    // A step that is late is left behind: its signal has fired, and its result no longer counts.
    return await Promise.race([prepareAndApply(step, run, signal), late]);
  } finally {
    clearTimeout(timeout);
  }
}

async function prepareAndApply(step: AnyStep, run: StepRun, signal: AbortSignal): Promise<StepStatus> {
  const place = { phase: run.phase, host: run.host.name, step: step.id };
  const prepared = await retryRead(() => step.prepare(run.host, stepContext(run, place, signal)), {
    tries: step.tries ?? DEFAULT_TRIES,
    signal,
    onRetry: (attempt, delayMs, error) => run.bus.emit({ type: 'step.retry', ...place, attempt, delayMs, code: error.code }),
  });
  if (signal.aborted) throw new KbsError('CANCELLED', 'cancelled before anything was changed', { where: place });
  run.bus.emit({ type: 'step.plan', ...place, plan: prepared.plan });
  if (prepared.plan.change === 'none') {
    if (run.mode === 'apply') await prepared.check?.();
    return 'unchanged';
  }
  run.onPlan(step.id, prepared.plan);
  if (run.mode === 'plan') return 'planned';
  await prepared.apply();
  return 'changed';
}

function stepContext(run: StepRun, place: Required<ErrorPlace>, signal: AbortSignal): StepContext {
  return {
    signal,
    progress: (message) => run.bus.emit({ type: 'step.progress', ...place, message }),
    warn: (message, remedy) =>
      run.bus.emit({ type: 'warning', host: place.host, phase: place.phase, message, ...(remedy === undefined ? {} : { remedy }) }),
    output: (stream, line) => run.bus.emit({ type: 'step.output', ...place, stream, line }),
  };
}

function timedOut(step: AnyStep, where: ErrorPlace): KbsError {
  return new KbsError('TIMEOUT', `step ${step.id} (${step.title}) did not end within ${step.timeoutMs / 1000} s`, { where });
}
