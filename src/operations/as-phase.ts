import type { EventBus } from '../events/index.js';

/** Shows work that changes nothing on hosts as a phase of one step: it is in the view, the run log and the timings. */
export async function asPhase<T>(
  bus: EventBus,
  { phase, title, host }: { readonly phase: string; readonly title: string; readonly host: string },
  work: () => Promise<T>,
): Promise<T> {
  const startedMs = performance.now();
  const end = (isDone: boolean): void => {
    const durationMs = Math.round(performance.now() - startedMs);
    bus.emit({ type: 'host.end', phase, host, durationMs, status: isDone ? 'unchanged' : 'failed' });
    bus.emit({ type: 'phase.end', phase, durationMs, status: isDone ? 'succeeded' : 'failed' });
  };
  bus.emit({ type: 'phase.start', phase, title, hosts: [host] });
  bus.emit({ type: 'host.start', phase, host, steps: 1, after: [] });
  try {
    const value = await work();
    end(true);
    return value;
  } catch (error) {
    end(false);
    throw error;
  }
}
