import type { KbsErrorJson, ErrorCode } from '../errors/index.js';

/**
 * What a step would do, or did; `diff` is a unified diff of file content without secrets. `unknown`: what it is about cannot be looked
 * at now, and may turn out to need nothing.
 */
export type Plan =
  | { readonly change: 'none' }
  | { readonly change: 'create' | 'update' | 'remove' | 'unknown'; readonly summary: string; readonly diff?: string };

/** How a step ended. */
export type StepStatus = 'unchanged' | 'changed' | 'planned' | 'failed' | 'cancelled';

/** How a run ended. */
export type RunStatus = 'succeeded' | 'failed' | 'cancelled';

/** What happened, without the envelope. */
export type KbsEventBody =
  | {
      readonly type: 'run.start';
      readonly operation: string;
      readonly hosts: readonly string[];
      /** Phases that run somewhere, in the operation's order. */
      readonly phases: readonly { readonly name: string; readonly title: string; readonly hosts: readonly string[] }[];
    }
  | { readonly type: 'run.end'; readonly operation: string; readonly status: RunStatus; readonly durationMs: number }
  | { readonly type: 'phase.start'; readonly phase: string; readonly title: string; readonly hosts: readonly string[] }
  | {
      readonly type: 'phase.end';
      readonly phase: string;
      readonly durationMs: number;
      readonly status: RunStatus;
      readonly skipped?: string;
    }
  | {
      readonly type: 'host.start';
      readonly phase: string;
      readonly host: string;
      readonly steps: number;
      /**
       * What had to end first: the phases of the same host, of each phase waited for everywhere the host that
       * ended last, and the task whose end made room when the phase takes few hosts at once.
       */
      readonly after: readonly TaskRef[];
    }
  | { readonly type: 'host.end'; readonly phase: string; readonly host: string; readonly durationMs: number; readonly status: StepStatus }
  | { readonly type: 'step.start'; readonly phase: string; readonly host: string; readonly step: string; readonly title: string }
  | { readonly type: 'step.plan'; readonly phase: string; readonly host: string; readonly step: string; readonly plan: Plan }
  | {
      readonly type: 'step.output';
      readonly phase: string;
      readonly host: string;
      readonly step: string;
      readonly stream: 'stdout' | 'stderr';
      readonly line: string;
    }
  | { readonly type: 'step.progress'; readonly phase: string; readonly host: string; readonly step: string; readonly message: string }
  | {
      readonly type: 'step.retry';
      readonly phase: string;
      readonly host: string;
      readonly step: string;
      readonly attempt: number;
      readonly delayMs: number;
      readonly code: ErrorCode;
    }
  | {
      readonly type: 'step.end';
      readonly phase: string;
      readonly host: string;
      readonly step: string;
      readonly status: StepStatus;
      readonly durationMs: number;
      readonly error?: KbsErrorJson;
    }
  | {
      readonly type: 'warning';
      readonly host?: string;
      readonly phase?: string;
      readonly message: string;
      readonly remedy?: readonly string[];
    }
  /** What the command was asked for; the last line of a run that went well. */
  | { readonly type: 'result'; readonly result: unknown }
  /** Why there is no result: the last line of a run that did not. */
  | { readonly type: 'error'; readonly errors: readonly KbsErrorJson[] };

/** One phase on one host: the unit the engine schedules, and a node of the critical path. */
export interface TaskRef {
  readonly phase: string;
  readonly host: string;
}

/** Events of version 1: every line of `--output jsonl` and of the run log is one of these. */
export type KbsEvent = { readonly v: 1; /** ISO 8601, UTC */ readonly at: string; readonly run: string } & KbsEventBody;
