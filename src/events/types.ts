import type { KbsErrorJson, ErrorCode } from '../errors/index.js';

/** What a step would do, or did; `diff` is a unified diff of file content without secrets. */
export type Plan =
  { readonly change: 'none' } | { readonly change: 'create' | 'update' | 'remove'; readonly summary: string; readonly diff?: string };

/** How a step ended. */
export type StepStatus = 'unchanged' | 'changed' | 'planned' | 'failed' | 'cancelled';

/** How a run ended. */
export type RunStatus = 'succeeded' | 'failed' | 'cancelled';

/** What happened, without the envelope. */
export type KbsEventBody =
  | { readonly type: 'run.start'; readonly operation: string; readonly hosts: readonly string[] }
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
      readonly after: readonly TaskRef[];
    }
  | { readonly type: 'host.end'; readonly phase: string; readonly host: string; readonly durationMs: number; readonly status: StepStatus }
  | { readonly type: 'step.start'; readonly phase: string; readonly host: string; readonly step: string; readonly title: string }
  | { readonly type: 'step.plan'; readonly phase: string; readonly host: string; readonly step: string; readonly plan: Plan }
  | {
      readonly type: 'step.output';
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
    };

/** One phase on one host: the unit the engine schedules, and a node of the critical path. */
export interface TaskRef {
  readonly phase: string;
  readonly host: string;
}

/** Events of version 1: every line of `--output jsonl` and of the run log is one of these. */
export type KbsEvent = { readonly v: 1; /** ISO 8601, UTC */ readonly at: string; readonly run: string } & KbsEventBody;
