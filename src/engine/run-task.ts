import { listKbsErrors, type KbsError } from '../errors/index.js';
import type { EventBus, StepStatus, TaskRef } from '../events/index.js';
import type { Host } from '../host/index.js';
import { runStep, type StepRun } from './run-step.js';
import type { AnyStep, EngineRun, Phase } from './types.js';

/** One phase on one host, ready to run. */
export interface TaskRun<Context> extends Omit<StepRun, 'phase'> {
  readonly phase: Phase<Context>;
  readonly host: Host;
  readonly context: EngineRun<Context>['context'];
  readonly bus: EventBus;
  /** Tasks whose end let this one start. */
  readonly after: readonly TaskRef[];
  /** Asked between two steps: another host has failed, or the user wants to stop. */
  readonly mustStop: () => boolean;
  readonly onStepEnd: (status: StepStatus) => void;
}

/** How a task ended, and everything that went wrong in it. */
export interface TaskResult {
  readonly status: StepStatus;
  readonly errors: readonly KbsError[];
}

/** Codes after which further steps on the same host make no sense, even in a phase that collects errors. */
const isHopeless = (error: KbsError): boolean => error.exit === 5 || error.code === 'CANCELLED' || error.code === 'INTERNAL';

/** Runs the steps of one phase on one host, in order. Never rejects: errors are part of the result. */
export async function runTask<Context>(run: TaskRun<Context>): Promise<TaskResult> {
  const startedMs = performance.now();
  const place = { phase: run.phase.name, host: run.host.name };
  let steps: readonly AnyStep[] = [];
  const errors: KbsError[] = [];
  try {
    steps = await run.phase.steps(run.context, run.host);
  } catch (error) {
    errors.push(...listKbsErrors(error, place));
  }
  run.bus.emit({ type: 'host.start', ...place, steps: steps.length, after: run.after });
  const seen = new Set<StepStatus>(errors.length > 0 ? ['failed'] : []);
  for (const step of errors.length > 0 ? [] : steps) {
    if (run.mustStop()) {
      seen.add('cancelled');
      break;
    }
    const result = await runReportedStep(step, run);
    seen.add(result.status);
    run.onStepEnd(result.status);
    errors.push(...result.errors);
    if (result.status === 'cancelled') break;
    if (result.errors.length > 0 && (run.phase.collectsErrors !== true || result.errors.some(isHopeless))) break;
  }
  const status = (['failed', 'cancelled', 'changed', 'planned'] as const).find((one) => seen.has(one)) ?? 'unchanged';
  run.bus.emit({ type: 'host.end', ...place, durationMs: Math.round(performance.now() - startedMs), status });
  return { status, errors };
}

async function runReportedStep<Context>(step: AnyStep, run: TaskRun<Context>): Promise<TaskResult> {
  const startedMs = performance.now();
  const place = { phase: run.phase.name, host: run.host.name, step: step.id };
  const end = (status: StepStatus, errors: readonly KbsError[] = []): TaskResult => {
    const durationMs = Math.round(performance.now() - startedMs);
    const first = errors[0];
    run.bus.emit({ type: 'step.end', ...place, status, durationMs, ...(first ? { error: first.toJSON() } : {}) });
    return { status, errors };
  };
  run.bus.emit({ type: 'step.start', ...place, title: step.title });
  try {
    return end(await runStep(step, { ...run, phase: run.phase.name }));
  } catch (error) {
    const errors = listKbsErrors(error, place);
    // Once the user has cancelled, a step that gives up was told to.
    if (run.signal.aborted && errors.every((part) => part.code === 'CANCELLED')) return end('cancelled');
    return end('failed', errors);
  }
}
