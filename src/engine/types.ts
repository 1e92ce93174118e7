import type { Plan } from '../events/index.js';
import type { Host } from '../host/index.js';

/** What a step gets besides its host. */
export interface StepContext {
  readonly signal: AbortSignal;
  /** Tells the user how far a long step is ("412 MiB of 900 MiB"). */
  readonly progress: (message: string) => void;
  /** Something the user should know that is no failure. */
  readonly warn: (message: string, remedy?: readonly string[]) => void;
  /** A line a command printed, for the run log; fits `onLine` of a host's `run`. */
  readonly output: (stream: 'stdout' | 'stderr', line: string) => void;
}

/** An idempotent unit of work on one host. */
export interface Step<Seen> {
  /** Stable identifier, `<aspect>/<thing>`: users type it; titles may change. */
  readonly id: string;
  readonly title: string;
  /** For the whole step: every try of probe, apply and verify together. */
  readonly timeoutMs: number;
  /** How often `probe` is tried when it fails with a retryable error; default 3. */
  readonly tries?: number;
  /** Reads only; runs in `plan` too. What does not exist yet (API not up, runtime not installed) is seen as absent, not an error. */
  probe(host: Host, context: StepContext): Promise<Seen>;
  /** Pure. */
  plan(seen: Seen): Plan;
  /** Safe to repeat after a crash half-way. */
  apply(host: Host, seen: Seen, context: StepContext): Promise<void>;
  /** Throws when the change did not take effect. Runs only after apply. */
  verify(host: Host, context: StepContext): Promise<void>;
}

/** A step whose `Seen` type is closed over, so that different steps stand in one list. */
export interface AnyStep {
  readonly id: string;
  readonly title: string;
  readonly timeoutMs: number;
  readonly tries?: number;
  /** Probes and plans; `apply` of the result does the change and verifies it. */
  prepare(host: Host, context: StepContext): Promise<PreparedStep>;
}

/** A step that has looked at its host. */
export interface PreparedStep {
  readonly plan: Plan;
  apply(): Promise<void>;
  /** Runs in `apply` mode whether or not something changes, and counts as no change. */
  check?(): Promise<void>;
}

/** Something that has to be true before a run goes on: waited for or proven in `apply` mode, left out of plans. */
export interface Check {
  readonly id: string;
  readonly title: string;
  readonly timeoutMs: number;
  /** @throws KbsError when it is not true in time */
  run(host: Host, context: StepContext): Promise<void>;
}

/** A step that changes nothing on the host: it waits for a state or proves one. */
export function checkStep(definition: Check): AnyStep {
  return {
    id: definition.id,
    title: definition.title,
    timeoutMs: definition.timeoutMs,
    prepare: (host, context) =>
      Promise.resolve({
        plan: { change: 'none' },
        apply: () => Promise.resolve(),
        check: () => definition.run(host, context),
      }),
  };
}

/** Closes a step over its `Seen` type. */
export function step<Seen>(definition: Step<Seen>): AnyStep {
  return {
    id: definition.id,
    title: definition.title,
    timeoutMs: definition.timeoutMs,
    ...(definition.tries === undefined ? {} : { tries: definition.tries }),
    async prepare(host, context) {
      const seen = await definition.probe(host, context);
      return {
        plan: definition.plan(seen),
        async apply() {
          await definition.apply(host, seen, context);
          await definition.verify(host, context);
        },
      };
    },
  };
}

/**
 * Hosts a phase runs on. `cluster` is a lane of its own next to the hosts: the phase runs once, with a
 * control plane that answers as its host, and never holds up what that host does meanwhile.
 */
export type HostSelector = 'all' | 'control-plane' | 'worker' | 'cluster' | ((host: Host) => boolean);

/** Whether a selector means a host; `cluster` means none. */
export function isMeant(on: HostSelector, host: Host): boolean {
  if (typeof on === 'function') return on(host);
  return on === 'all' || (on !== 'cluster' && host.roles.has(on));
}

/** A group of steps with one aim, run on many hosts at once. */
export interface Phase<Context> {
  /** kebab-case and stable: `--phase`, `--skip-phase`, `kbs phase run`. */
  readonly name: string;
  readonly title: string;
  readonly summary: string;
  readonly on: HostSelector;
  /** Hosts at the same time; default: all. */
  readonly atOnce?: number;
  /**
   * Phases that the same host (for `cluster`: the cluster lane) must be through before. Default: the phase before
   * this one in the operation's list that runs on this host. Naming others lets two phases of one host run side by
   * side; `[]` starts at once. Names that do not run on a host do not count there; when none of them does, the
   * default holds. To wait for a phase of the other lane, use `waitsFor`.
   */
  readonly after?: readonly string[];
  /** Phases that every host must be through before this one starts anywhere: the only barriers there are. */
  readonly waitsFor?: readonly string[];
  /**
   * For phases that only look (connect, preflight): a failure on one host keeps neither the others nor the phase's
   * further steps from looking too; all failures are reported together, and no phase without this flag starts any more.
   */
  readonly collectsErrors?: boolean;
  /** Why it has no place in plans, shown to the user: it looks at what only a change can bring about. */
  readonly leftOutOfPlans?: string;
  /** A reason not to run at all, shown to the user. */
  skip?(context: Context): string | undefined;
  /** Steps for one host, in order. Called when the phase starts on that host, so facts and products of earlier phases are there. */
  steps(context: Context, host: Host): readonly AnyStep[] | Promise<readonly AnyStep[]>;
}

/** What an operation hands to the engine. */
export interface EngineRun<Context> {
  readonly operation: string;
  readonly phases: readonly Phase<Context>[];
  readonly context: Context;
  readonly hosts: readonly Host[];
  /** Host in whose name the `cluster` lane works. */
  readonly clusterHost: Host;
  /** `plan`: probe and plan only. */
  readonly mode: 'apply' | 'plan';
  readonly signal: AbortSignal;
}

/** One change, planned or done. */
export interface Change {
  readonly phase: string;
  readonly host: string;
  readonly step: string;
  readonly plan: Exclude<Plan, { readonly change: 'none' }>;
}

/** What a run came to; `changes` in the order of the hosts, those of one host in the order they were planned. */
export interface EngineResult {
  readonly changes: readonly Change[];
  readonly unchanged: number;
  readonly durationMs: number;
}
