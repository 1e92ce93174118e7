import type { EventBus, RunStatus, StepStatus } from '../events/index.js';
import type { EngineRun, Phase } from './types.js';

interface OpenPhase {
  readonly startedMs: number;
  readonly skipped: boolean;
  left: number;
  status: RunStatus;
}

/** Tells when phases start and end: with their first and with their last host. */
export class PhaseReporter<Context> {
  readonly #open = new Map<string, OpenPhase>();

  constructor(
    private readonly run: Pick<EngineRun<Context>, 'context' | 'mode'>,
    private readonly bus: EventBus,
    private readonly hostsOf: (phase: Phase<Context>) => readonly string[],
  ) {}

  /** To be called for each host; says whether the phase is skipped, which is decided once, when the first host gets to it. */
  start(phase: Phase<Context>): boolean {
    const known = this.#open.get(phase.name);
    if (known) return known.skipped;
    const hosts = this.hostsOf(phase);
    const reason = (this.run.mode === 'plan' ? phase.leftOutOfPlans : undefined) ?? phase.skip?.(this.run.context);
    const open: OpenPhase = { startedMs: performance.now(), skipped: reason !== undefined, left: hosts.length, status: 'succeeded' };
    this.#open.set(phase.name, open);
    this.bus.emit({ type: 'phase.start', phase: phase.name, title: phase.title, hosts });
    if (reason !== undefined) {
      open.left = 0;
      this.bus.emit({ type: 'phase.end', phase: phase.name, durationMs: 0, status: 'succeeded', skipped: reason });
    }
    return open.skipped;
  }

  /** To be called when a host is through, however that went. */
  end(phase: Phase<Context>, status: StepStatus): void {
    const open = this.#open.get(phase.name);
    if (!open) return;
    if (status === 'failed') open.status = 'failed';
    else if (status === 'cancelled' && open.status === 'succeeded') open.status = 'cancelled';
    open.left -= 1;
    if (open.left === 0) this.#emitEnd(phase.name, open, open.status);
  }

  /** Ends the phases that some hosts never got to. */
  endOpen(): void {
    for (const [name, open] of this.#open) {
      if (open.left > 0) this.#emitEnd(name, open, open.status === 'failed' ? 'failed' : 'cancelled');
    }
  }

  #emitEnd(phase: string, open: OpenPhase, status: RunStatus): void {
    this.bus.emit({ type: 'phase.end', phase, durationMs: Math.round(performance.now() - open.startedMs), status });
  }
}
