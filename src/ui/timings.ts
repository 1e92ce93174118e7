import type { KbsEvent, TaskRef } from '../events/index.js';

/** One link of the critical path: a phase on a host that the end of the run had to wait for. */
export interface PathLink extends TaskRef {
  /** Since the start of the run. */
  readonly startMs: number;
  readonly durationMs: number;
  /** Between the end of the link before and this start; more than a few milliseconds is the engine's own time. */
  readonly waitedForMs: number;
}

/** How long a phase took, over all hosts. */
export interface PhaseTiming {
  readonly phase: string;
  readonly startMs: number;
  /** From the first host's start to the last host's end. */
  readonly durationMs: number;
  readonly hosts: number;
  /** The host that took longest, and how long. */
  readonly slowest: { readonly host: string; readonly durationMs: number };
}

/** Where the time of a run went. */
export interface Timings {
  readonly totalMs: number;
  /** In the order of time: shorten one of these and the run gets shorter. */
  readonly criticalPath: readonly PathLink[];
  readonly perPhase: readonly PhaseTiming[];
}

interface TaskSpan extends TaskRef {
  readonly startMs: number;
  readonly endMs: number;
  readonly after: readonly TaskRef[];
}

const keyOf = (task: TaskRef): string => `${task.phase} ${task.host}`;

/** Works out the critical path and the times per phase from the events of one run. Pure. */
export function computeTimings(events: readonly KbsEvent[]): Timings {
  const originMs = atMs(events.find((event) => event.type === 'run.start') ?? events[0]);
  const tasks = readTasks(events, originMs);
  const end = events.findLast((event) => event.type === 'run.end');
  const totalMs = end?.type === 'run.end' ? end.durationMs : Math.max(0, ...tasks.map((task) => task.endMs));
  return { totalMs, criticalPath: findPath(tasks), perPhase: sumPhases(tasks) };
}

function readTasks(events: readonly KbsEvent[], originMs: number): readonly TaskSpan[] {
  const starts = new Map<string, { readonly startMs: number; readonly after: readonly TaskRef[] }>();
  const tasks: TaskSpan[] = [];
  for (const event of events) {
    if (event.type === 'host.start') starts.set(keyOf(event), { startMs: atMs(event) - originMs, after: event.after });
    if (event.type !== 'host.end') continue;
    const start = starts.get(keyOf(event));
    if (start) tasks.push({ phase: event.phase, host: event.host, ...start, endMs: atMs(event) - originMs });
  }
  return tasks;
}

/** From the task that ended last backwards, always to the one of its causes that ended last. */
function findPath(tasks: readonly TaskSpan[]): readonly PathLink[] {
  const byKey = new Map(tasks.map((task) => [keyOf(task), task]));
  const path: PathLink[] = [];
  let task = lastToEnd(tasks);
  while (task) {
    const cause = lastToEnd(task.after.map((ref) => byKey.get(keyOf(ref))).filter((found) => found !== undefined));
    const { phase, host, startMs, endMs } = task;
    path.unshift({ phase, host, startMs, durationMs: endMs - startMs, waitedForMs: Math.max(0, startMs - (cause?.endMs ?? 0)) });
    task = cause;
  }
  return path;
}

function lastToEnd(tasks: readonly TaskSpan[]): TaskSpan | undefined {
  return tasks.reduce<TaskSpan | undefined>((last, task) => (last && last.endMs >= task.endMs ? last : task), undefined);
}

function sumPhases(tasks: readonly TaskSpan[]): readonly PhaseTiming[] {
  const byPhase = new Map<string, TaskSpan[]>();
  for (const task of tasks) byPhase.set(task.phase, [...(byPhase.get(task.phase) ?? []), task]);
  const timings = [...byPhase].map(([phase, members]) => {
    const startMs = Math.min(...members.map((task) => task.startMs));
    const endMs = Math.max(...members.map((task) => task.endMs));
    const slowest = members.reduce((slow, task) => (task.endMs - task.startMs > slow.endMs - slow.startMs ? task : slow));
    const durationMs = slowest.endMs - slowest.startMs;
    return { phase, startMs, durationMs: endMs - startMs, hosts: members.length, slowest: { host: slowest.host, durationMs } };
  });
  return timings.sort((a, b) => a.startMs - b.startMs);
}

function atMs(event: KbsEvent | undefined): number {
  return event ? Date.parse(event.at) : 0;
}
