import type { TaskRef } from '../events/index.js';
import type { TaskNode } from './graph.js';

/** How a task ended, as far as others that wait for it care. */
export type TaskOutcome = 'done' | 'skipped' | 'failed';

/** What the scheduler asks of its caller. */
export interface ScheduleHooks {
  /** Asked right before a task would start; a task that may not start now never does. */
  mayStart(node: TaskNode): boolean;
  /** Does the work; `causes` are the tasks whose end let it start. Rejects only for a bug. */
  run(node: TaskNode, causes: readonly TaskRef[]): Promise<TaskOutcome>;
}

interface TaskState {
  open: number;
  readonly dependents: TaskNode[];
  wasHeldBySlot: boolean;
  endedNo: number;
  /** What stands for this task in the causes of others: itself, or its own causes when it was skipped. */
  stands: readonly TaskRef[];
}

/** Starts every task as soon as what it waits for is done; resolves when nothing runs and nothing more can start. */
export function schedule(nodes: readonly TaskNode[], hooks: ScheduleHooks): Promise<void> {
  return new Promise((resolve, reject) => {
    const states = makeStates(nodes);
    const slots = new Map<string, { running: number; lastEnded: TaskNode | undefined }>();
    const slotOf = (phase: string) => slots.get(phase) ?? { running: 0, lastEnded: undefined };
    let waiting = nodes.filter((node) => stateOf(states, node).open === 0);
    let running = 0;
    let ended = 0;

    const end = (node: TaskNode, outcome: TaskOutcome, causes: readonly TaskRef[]): void => {
      running -= 1;
      const slot = slotOf(node.phase);
      slots.set(node.phase, { running: slot.running - 1, lastEnded: outcome === 'skipped' ? slot.lastEnded : node });
      const state = stateOf(states, node);
      state.endedNo = ended += 1;
      state.stands = outcome === 'skipped' ? causes : [{ phase: node.phase, host: node.host }];
      if (outcome === 'failed') return;
      for (const dependent of state.dependents) {
        if ((stateOf(states, dependent).open -= 1) === 0) waiting.push(dependent);
      }
    };
    const start = (node: TaskNode): void => {
      const slot = slotOf(node.phase);
      const causes = causesOf(node, states, slot.lastEnded);
      slots.set(node.phase, { ...slot, running: slot.running + 1 });
      running += 1;
      hooks.run(node, causes).then((outcome) => {
        end(node, outcome, causes);
        pump();
      }, reject);
    };
    const pump = (): void => {
      const held: TaskNode[] = [];
      for (const node of waiting) {
        if (!hooks.mayStart(node)) continue;
        if (slotOf(node.phase).running < node.atOnce) start(node);
        else {
          stateOf(states, node).wasHeldBySlot = true;
          held.push(node);
        }
      }
      waiting = held;
      if (running === 0) resolve();
    };
    pump();
  });
}

type States = ReadonlyMap<TaskNode, TaskState>;

function makeStates(nodes: readonly TaskNode[]): States {
  const states = new Map<TaskNode, TaskState>();
  for (const node of nodes) states.set(node, { open: 0, dependents: [], wasHeldBySlot: false, endedNo: 0, stands: [] });
  for (const node of nodes) {
    const needed = new Set([...node.after, ...node.waitsFor.flat()]);
    stateOf(states, node).open = needed.size;
    for (const task of needed) stateOf(states, task).dependents.push(node);
  }
  return states;
}

function stateOf(states: States, node: TaskNode): TaskState {
  const state = states.get(node);
  if (!state) throw new Error(`task ${node.phase} on ${node.host} is not in the graph`);
  return state;
}

/** Own-lane tasks, of each barrier the last one to end, and the task that made room. */
function causesOf(node: TaskNode, states: States, lastEnded: TaskNode | undefined): readonly TaskRef[] {
  const endedNo = (task: TaskNode): number => stateOf(states, task).endedNo;
  const lastOf = (tasks: readonly TaskNode[]): TaskNode[] =>
    tasks.slice(0, 1).map((first) => tasks.reduce((last, task) => (endedNo(task) > endedNo(last) ? task : last), first));
  const tasks = [...node.after, ...node.waitsFor.flatMap(lastOf)];
  if (stateOf(states, node).wasHeldBySlot && lastEnded) tasks.push(lastEnded);
  const refs = tasks.flatMap((task) => stateOf(states, task).stands);
  return [...new Map(refs.map((ref) => [`${ref.phase} ${ref.host}`, ref])).values()];
}
