import { joinKbsErrors, KbsError, listKbsErrors } from '../errors/index.js';
import type { EventBus, RunStatus, TaskRef } from '../events/index.js';
import type { Host } from '../host/index.js';
import { buildTaskGraph, type GraphPhase, type TaskNode } from './graph.js';
import { PhaseReporter } from './phase-reporter.js';
import { runTask } from './run-task.js';
import { schedule, type TaskOutcome } from './schedule.js';
import { isMeant, type Change, type EngineResult, type EngineRun, type HostSelector, type Phase } from './types.js';

/**
 * Runs an operation: every phase on every host it is for, each as soon as what it waits for is done.
 *
 * In `apply` mode the first failure stops its host; others finish the step they are in, and nothing new starts.
 * In `plan` mode, and in phases that collect errors, the other hosts go on; only what depends on the failure does not start.
 * @throws KbsError INTERNAL when the phases cannot be ordered, CANCELLED, or the only error there was
 * @throws KbsErrors when several things failed
 */
export async function runEngine<Context>(run: EngineRun<Context>, bus: EventBus): Promise<EngineResult> {
  const startedMs = performance.now();
  const durationMs = (): number => Math.round(performance.now() - startedMs);
  const phases = run.phases.map((phase) => ({ phase, hosts: selectHosts(phase.on, run) }));
  const nodes = buildTaskGraph(phases.map(({ phase, hosts }) => toGraphPhase(phase, hosts)));
  bus.emit({ type: 'run.start', operation: run.operation, hosts: run.hosts.map(nameOf), phases: listPhases(phases) });
  const state = new RunState(run, bus);
  await schedule(nodes, { mayStart: (node) => state.mayStart(node), run: (node, causes) => state.run(node, causes) });
  const status = state.finish();
  bus.emit({ type: 'run.end', operation: run.operation, status, durationMs: durationMs() });
  // Which host is first is chance; what is told must not be.
  const [first, ...rest] = inHostOrder(state.errors, run, ({ where }) => where.host);
  if (first) throw joinKbsErrors([first, ...rest]);
  return { changes: inHostOrder(state.changes, run, ({ host }) => host), unchanged: state.unchanged, durationMs: durationMs() };
}

/** What a run has come to so far. */
class RunState<Context> {
  readonly changes: Change[] = [];
  readonly errors: KbsError[] = [];
  unchanged = 0;
  readonly #phases: ReadonlyMap<string, Phase<Context>>;
  readonly #hosts: ReadonlyMap<string, Host>;
  readonly #reporter: PhaseReporter<Context>;
  #onlyCollecting = false;
  #stopped = false;

  constructor(
    private readonly engineRun: EngineRun<Context>,
    private readonly bus: EventBus,
  ) {
    this.#phases = new Map(engineRun.phases.map((phase) => [phase.name, phase]));
    this.#hosts = new Map([engineRun.clusterHost, ...engineRun.hosts].map((host) => [host.name, host]));
    this.#reporter = new PhaseReporter(engineRun, bus, (phase) => selectHosts(phase.on, engineRun).map(nameOf));
  }

  mayStart(node: TaskNode): boolean {
    if (this.engineRun.signal.aborted || this.#stopped) return false;
    return !this.#onlyCollecting || this.#phase(node.phase).collectsErrors === true;
  }

  async run(node: TaskNode, after: readonly TaskRef[]): Promise<TaskOutcome> {
    const phase = this.#phase(node.phase);
    let skipped: boolean;
    try {
      skipped = this.#reporter.start(phase);
    } catch (error) {
      // A reason to skip that cannot be worked out is a failure of the phase on this host.
      this.#fail(phase, listKbsErrors(error, { phase: phase.name, host: node.host }));
      return 'failed';
    }
    if (skipped) return 'skipped';
    const result = await this.#runTask(phase, node, after);
    if (result.errors.length > 0) this.#fail(phase, result.errors);
    this.#reporter.end(phase, result.status);
    return result.status === 'failed' || result.status === 'cancelled' ? 'failed' : 'done';
  }

  /** Ends phases that are still open; says how the run ended. */
  finish(): RunStatus {
    this.#reporter.endOpen();
    if (!this.engineRun.signal.aborted) return this.errors.length > 0 ? 'failed' : 'succeeded';
    this.errors.unshift(
      new KbsError('CANCELLED', `${this.engineRun.operation} was cancelled`, {
        remedy: [`run the same command again: it goes on where it was cancelled`],
      }),
    );
    return 'cancelled';
  }

  #runTask(phase: Phase<Context>, node: TaskNode, after: readonly TaskRef[]) {
    const { context, mode, signal } = this.engineRun;
    return runTask({
      phase,
      host: this.#host(node.host),
      context,
      mode,
      signal,
      bus: this.bus,
      after,
      mustStop: () => signal.aborted || this.#stopped || (this.#onlyCollecting && phase.collectsErrors !== true),
      onPlan: (step, plan) => {
        if (plan.change !== 'none') this.changes.push({ phase: phase.name, host: node.host, step, plan });
      },
      onStepEnd: (status) => {
        if (status === 'unchanged') this.unchanged += 1;
      },
    });
  }

  #fail(phase: Phase<Context>, errors: readonly KbsError[]): void {
    this.errors.push(...errors);
    if (this.engineRun.mode === 'plan') return;
    if (phase.collectsErrors === true) this.#onlyCollecting = true;
    else this.#stopped = true;
  }

  #phase(name: string): Phase<Context> {
    const phase = this.#phases.get(name);
    if (!phase) throw new KbsError('INTERNAL', `phase ${name} is not in the list`);
    return phase;
  }

  #host(name: string): Host {
    const host = this.#hosts.get(name);
    if (!host) throw new KbsError('INTERNAL', `host ${name} is not in the list`);
    return host;
  }
}

const nameOf = (host: Host): string => host.name;

/** In the order of the run's hosts; what belongs to none of them comes first. */
function inHostOrder<T>(
  things: readonly T[],
  { hosts }: { readonly hosts: readonly Host[] },
  hostOf: (thing: T) => string | undefined,
): readonly T[] {
  const ranks = new Map(hosts.map(({ name }, index) => [name, index]));
  const rank = (thing: T): number => ranks.get(hostOf(thing) ?? '') ?? -1;
  return [...things].sort((one, other) => rank(one) - rank(other));
}

function selectHosts<Context>(on: HostSelector, run: EngineRun<Context>): readonly Host[] {
  return on === 'cluster' ? [run.clusterHost] : run.hosts.filter((host) => isMeant(on, host));
}

function toGraphPhase<Context>(phase: Phase<Context>, hosts: readonly Host[]): GraphPhase {
  return {
    name: phase.name,
    hosts: hosts.map(nameOf),
    isCluster: phase.on === 'cluster',
    ...(phase.atOnce === undefined ? {} : { atOnce: phase.atOnce }),
    ...(phase.after === undefined ? {} : { after: phase.after }),
    ...(phase.waitsFor === undefined ? {} : { waitsFor: phase.waitsFor }),
  };
}

function listPhases<Context>(phases: readonly { readonly phase: Phase<Context>; readonly hosts: readonly Host[] }[]) {
  return phases
    .filter(({ hosts }) => hosts.length > 0)
    .map(({ phase, hosts }) => ({ name: phase.name, title: phase.title, hosts: hosts.map(nameOf) }));
}
