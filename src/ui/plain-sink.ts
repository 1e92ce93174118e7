import type { EventSink, KbsEvent, KbsEventBody } from '../events/index.js';
import type { Style } from './style.js';
import { countOf, formatDuration } from './text.js';

/** From quiet to loud. */
const LOG_LEVELS = ['error', 'warn', 'info', 'debug'] as const;

/** How much is told: `info` is changes, failures, warnings, retries and phases; `debug` everything. */
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Where plain lines go, and how they look. */
export interface PlainSinkOptions {
  readonly write: (line: string) => void;
  readonly level: LogLevel;
  readonly style: Style;
  /** Default: the machine's local time, `12:04:31`. */
  readonly formatTime?: (at: string) => string;
}

interface Line {
  readonly level: LogLevel;
  readonly text: string;
}

type EventOf<Type extends KbsEventBody['type']> = Extract<KbsEvent, { readonly type: Type }>;

/** Lines for people who read a CI log: `12:04:31 cp1 runtime/config changed (1.2 s)`. */
export function createPlainSink(options: PlainSinkOptions): EventSink {
  const formatTime = options.formatTime ?? ((at: string) => new Date(at).toTimeString().slice(0, 8));
  const describe = createDescriber(options.style);
  const loudest = LOG_LEVELS.indexOf(options.level);
  return (event) => {
    const line = describe(event);
    if (!line || LOG_LEVELS.indexOf(line.level) > loudest) return;
    const time = options.style.dim(formatTime(event.at));
    for (const part of line.text.split('\n')) options.write(`${time} ${part}\n`);
  };
}

/** Turns events into lines; counts what each phase did on the way, for its last line. */
function createDescriber(style: Style): (event: KbsEvent) => Line | undefined {
  const counts = new Map<string, { changed: number; planned: number; unchanged: number }>();
  const countOfPhase = (phase: string) => counts.get(phase) ?? { changed: 0, planned: 0, unchanged: 0 };
  return (event) => {
    switch (event.type) {
      case 'phase.start':
        // A phase may come again, for another host.
        counts.delete(event.phase);
        return { level: 'info', text: `${style.bold(event.title)} on ${countOf(event.hosts.length, 'host')} (phase ${event.phase})` };
      case 'step.end': {
        const sums = countOfPhase(event.phase);
        if (event.status in sums) counts.set(event.phase, { ...sums, [event.status]: sums[event.status as keyof typeof sums] + 1 });
        return describeStepEnd(event, style);
      }
      case 'phase.end':
        return describePhaseEnd(event, countOfPhase(event.phase), style);
      default:
        return describeOther(event, style);
    }
  };
}

function describeStepEnd(event: EventOf<'step.end'>, style: Style): Line {
  const what = `${event.host} ${event.step}`;
  const took = style.dim(`(${formatDuration(event.durationMs)})`);
  switch (event.status) {
    case 'failed':
      return { level: 'error', text: `${what} ${style.red('failed')} ${took}${event.error ? `: ${event.error.message}` : ''}` };
    case 'changed':
      return { level: 'info', text: `${what} ${style.green('changed')} ${took}` };
    case 'planned':
      return { level: 'info', text: `${what} ${style.yellow('would change')} ${took}` };
    case 'cancelled':
      return { level: 'info', text: `${what} ${style.yellow('cancelled')} ${took}` };
    case 'unchanged':
      return { level: 'debug', text: `${what} unchanged ${took}` };
  }
}

function describePhaseEnd(
  event: EventOf<'phase.end'>,
  sums: { readonly changed: number; readonly planned: number; readonly unchanged: number },
  style: Style,
): Line {
  if (event.skipped !== undefined) return { level: 'info', text: `phase ${event.phase} skipped: ${event.skipped}` };
  const word = { succeeded: 'done', failed: style.red('failed'), cancelled: style.yellow('cancelled') }[event.status];
  const did = [
    sums.changed > 0 ? `${sums.changed} changed` : '',
    sums.planned > 0 ? `${sums.planned} would change` : '',
    sums.unchanged > 0 ? `${sums.unchanged} unchanged` : '',
  ].filter((part) => part !== '');
  const sum = did.length > 0 ? `: ${did.join(', ')}` : '';
  return { level: 'info', text: `phase ${event.phase} ${word}${sum} ${style.dim(`(${formatDuration(event.durationMs)})`)}` };
}

function describeOther(event: KbsEvent, style: Style): Line | undefined {
  switch (event.type) {
    case 'warning': {
      const remedies = (event.remedy ?? []).map((remedy) => `\n  try: ${remedy}`).join('');
      return { level: 'warn', text: `${event.host ? `${event.host} ` : ''}${style.yellow('warning')} ${event.message}${remedies}` };
    }
    case 'step.retry':
      return {
        level: 'warn',
        text: `${event.host} ${event.step} ${style.yellow('retry')} ${event.attempt} in ${formatDuration(event.delayMs)} (${event.code})`,
      };
    case 'run.start':
      return { level: 'debug', text: `${event.operation} starts on ${event.hosts.join(', ')} (run ${event.run})` };
    case 'run.end':
      return { level: 'debug', text: `${event.operation} ${event.status} (${formatDuration(event.durationMs)})` };
    case 'step.start':
      return { level: 'debug', text: `${event.host} ${event.step} starts: ${event.title}` };
    case 'step.plan':
      return { level: 'debug', text: `${event.host} ${event.step} plan: ${event.plan.change === 'none' ? 'none' : event.plan.summary}` };
    case 'step.output':
      return { level: 'debug', text: `${event.host} ${event.step} ${event.stream}: ${event.line}` };
    case 'step.progress':
      return { level: 'debug', text: `${event.host} ${event.step} ${event.message}` };
    // The error view and the result say these, in full.
    default:
      return undefined;
  }
}
