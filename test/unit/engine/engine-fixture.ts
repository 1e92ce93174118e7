import { createEventBus, type KbsEvent } from '../../../src/events/index.js';
import { runEngine, type AnyStep, type EngineResult, type EngineRun, type Phase, type StepContext } from '../../../src/engine/index.js';
import type { Host, Role } from '../../../src/host/index.js';

/** A host that exists by name and role only: a step that touches it for more fails. */
export function aHost(name: string, role: Role = 'worker'): Host {
  const known: Partial<Host> = { name, roles: new Set([role]), address: '10.0.0.1' };
  return new Proxy(known, {
    get(target, key) {
      if (key in target) return Reflect.get(target, key) as unknown;
      throw new Error(`test host has no ${String(key)}`);
    },
  }) as Host;
}

export interface StepScript {
  readonly change?: 'none' | 'update';
  readonly prepare?: (host: Host, context: StepContext) => Promise<void>;
  readonly apply?: (host: Host, context: StepContext) => Promise<void>;
  readonly timeoutMs?: number;
  readonly tries?: number;
}

export function aStep(id: string, script: StepScript = {}): AnyStep {
  return {
    id,
    title: `Do ${id}`,
    timeoutMs: script.timeoutMs ?? 5_000,
    ...(script.tries === undefined ? {} : { tries: script.tries }),
    async prepare(host, context) {
      await script.prepare?.(host, context);
      return {
        plan: script.change === 'none' ? { change: 'none' } : { change: 'update', summary: `${id} on ${host.name}` },
        apply: async () => script.apply?.(host, context),
      };
    },
  };
}

export type TestPhase = Phase<object>;

export function aPhase(
  name: string,
  steps: readonly AnyStep[] | ((host: Host) => readonly AnyStep[]),
  rest: Partial<TestPhase> = {},
): TestPhase {
  return {
    name,
    title: `Phase ${name}`,
    summary: name,
    on: 'all',
    steps: (_context, host) => (typeof steps === 'function' ? steps(host) : steps),
    ...rest,
  };
}

export interface Outcome {
  readonly events: readonly KbsEvent[];
  readonly result: EngineResult | undefined;
  readonly error: unknown;
}

export async function runPhases(phases: readonly TestPhase[], rest: Partial<EngineRun<object>> = {}): Promise<Outcome> {
  const events: KbsEvent[] = [];
  const bus = createEventBus({ run: 'test', now: () => Date.now() });
  bus.subscribe((event) => events.push(event));
  const hosts = rest.hosts ?? [aHost('a'), aHost('b')];
  const [clusterHost] = hosts;
  if (!clusterHost) throw new Error('a run needs a host');
  const run: EngineRun<object> = {
    operation: 'test',
    phases,
    context: {},
    hosts,
    clusterHost,
    mode: 'apply',
    signal: new AbortController().signal,
    ...rest,
  };
  try {
    return { events, result: await runEngine(run, bus), error: undefined };
  } catch (error) {
    return { events, result: undefined, error };
  }
}

/** "phase@host" of every task that was started, in order. */
export function started(events: readonly KbsEvent[]): readonly string[] {
  return events.flatMap((event) => (event.type === 'host.start' ? [`${event.phase}@${event.host}`] : []));
}
