import { KbsError } from '../errors/index.js';
import { doneUnless, step, waitFor, type AnyStep, type Glimpse, type StepContext } from '../engine/index.js';
import type { Plan } from '../events/index.js';
import type { Host, UnitState } from '../host/index.js';
import type { UnitStepOptions } from './types.js';

const DEFAULT_READY_TIMEOUT_MS = 60_000;
const JOURNAL_LINES = 25;
/** `systemctl is-enabled` answers of units that start by themselves, or that cannot be enabled and need not be. */
const STARTS_AT_BOOT = new Set(['enabled', 'enabled-runtime', 'static', 'indirect', 'generated', 'alias']);

interface SeenUnit {
  readonly state: UnitState;
  readonly isEnabled: boolean;
  readonly isRunning: boolean;
  /** Why the running process is not the one there should be; empty: it is. */
  readonly staleBecause: readonly string[];
  /** Runs with everything new, but does not answer yet; undefined: it answers, or was not asked. */
  readonly notReady: string | undefined;
}

async function staleInputs(host: Host, options: UnitStepOptions, startedMs: number): Promise<readonly string[]> {
  const paths = options.inputs.map((input) => input.path);
  if (paths.length === 0) return [];
  const [stats, digests] = await Promise.all([host.files.stat(paths), host.files.sha256(paths)]);
  return options.inputs.flatMap(({ path, sha256 }) => {
    const stat = stats.get(path);
    if (sha256 !== undefined && digests.get(path) !== sha256) return [path];
    return stat !== undefined && stat.ctimeMs > startedMs ? [path] : [];
  });
}

async function askReady(host: Host, options: UnitStepOptions, context: StepContext): Promise<string | undefined> {
  const answer = (await options.ready?.(host, context)) ?? true;
  if (answer === true) return undefined;
  return answer === false ? 'it does not answer' : answer;
}

async function probeUnit(host: Host, options: UnitStepOptions, context: StepContext): Promise<SeenUnit> {
  const state = await host.units.state(options.unit);
  const isRunning = state.active === 'active' || state.active === 'reloading';
  const seen = { state, isRunning, isEnabled: STARTS_AT_BOOT.has(state.enabled) };
  if (!options.running || !isRunning || options.only === 'start') return { ...seen, staleBecause: [], notReady: undefined };
  const staleBecause = [
    ...(state.needsReload ? ['unit file'] : []),
    ...(state.startedMs === undefined ? [] : await staleInputs(host, options, state.startedMs)),
  ];
  return { ...seen, staleBecause, notReady: staleBecause.length > 0 ? undefined : await askReady(host, options, context) };
}

function planUnit(seen: SeenUnit, { unit, enabled, running, only, comesRunning = false }: UnitStepOptions): Plan {
  if (only === 'restart' && !seen.isRunning) return { change: 'none' };
  if (comesRunning && seen.state.enabled === 'not-found') return { change: 'none' };
  const actions: string[] = [];
  if (enabled && !seen.isEnabled) actions.push('enable');
  if (!enabled && seen.state.enabled === 'enabled') actions.push('disable');
  if (running && !seen.isRunning) actions.push('start');
  if (running && seen.staleBecause.length > 0) actions.push('restart');
  if (running && seen.notReady !== undefined) actions.push('wait for');
  if (!running && (seen.isRunning || seen.state.active === 'activating')) actions.push('stop');
  if (actions.length === 0) return { change: 'none' };
  const reason = seen.staleBecause.length > 0 ? `${seen.staleBecause.join(', ')} changed` : seen.notReady;
  return {
    change: seen.state.enabled === 'not-found' ? 'create' : 'update',
    summary: `${actions.join(' and ')} ${unit}${reason === undefined ? '' : ` (${reason})`}`,
  };
}

async function applyUnit(host: Host, seen: SeenUnit, { id, unit, enabled, running }: UnitStepOptions): Promise<void> {
  const { state } = seen;
  if (state.enabled === 'masked' && (enabled || running)) {
    throw new KbsError('REMOTE_COMMAND', `${unit} is masked: somebody forbade it to start`, {
      where: { host: host.name, step: id },
      remedy: [`systemctl unmask ${unit}   # on ${host.name}`],
    });
  }
  await host.journal.record([{ kind: 'unit', unit, enabled: state.enabled, active: state.active }]);
  // To enable a unit makes systemd read all units again, this one as it is now; a second time would cost as much.
  if (enabled && !seen.isEnabled) await host.units.enable(unit);
  else if (running) await host.units.daemonReload();
  if (!enabled && state.enabled === 'enabled') await host.units.disable(unit);
  if (running && seen.staleBecause.length > 0) await host.units.restart(unit);
  else if (running && !seen.isRunning) await host.units.start(unit);
  if (!running && state.active !== 'inactive' && state.active !== 'failed') await host.units.stop(unit);
}

/** The same failure with what the unit itself said. */
async function withJournal(host: Host, { unit, id }: UnitStepOptions, error: KbsError): Promise<KbsError> {
  const lines = await host.units.journal(unit, JOURNAL_LINES);
  return new KbsError(error.code, error.message, {
    where: { host: host.name, step: id },
    details: [...error.details, ...lines.map((line) => `${unit}: ${line}`)],
    remedy: [`systemctl status ${unit}; journalctl -u ${unit} -n 100 --no-pager   # on ${host.name}`],
    cause: error,
  });
}

async function lookAtUnit(host: Host, options: UnitStepOptions, context: StepContext): Promise<Glimpse<true>> {
  const { active } = await host.units.state(options.unit);
  if (active === 'failed') throw new KbsError('VERIFY_FAILED', `${options.unit} failed`);
  if (active !== 'active') return { done: false, seen: `it is ${active}` };
  return doneUnless(await askReady(host, options, context));
}

async function verifyUnit(host: Host, options: UnitStepOptions, context: StepContext): Promise<void> {
  if (!options.running) return;
  try {
    await waitFor({
      what: `${options.unit} to be active and to answer`,
      forMs: options.readyTimeoutMs ?? DEFAULT_READY_TIMEOUT_MS,
      signal: context.signal,
      probe: () => lookAtUnit(host, options, context),
    });
  } catch (error) {
    if (error instanceof KbsError && (error.code === 'WAIT_TIMEOUT' || error.code === 'VERIFY_FAILED')) {
      throw await withJournal(host, options, error);
    }
    throw error;
  }
}

/**
 * A systemd unit that is enabled or not, runs or not, and whose process is younger than everything it reads. Restarts by evidence:
 * an input whose content or ctime says that the process has not read it. Waits until it is active and answers.
 */
export function unitStep(options: UnitStepOptions): AnyStep {
  return step<SeenUnit>({
    id: options.id,
    title: options.title,
    timeoutMs: options.timeoutMs ?? (options.readyTimeoutMs ?? DEFAULT_READY_TIMEOUT_MS) + 120_000,
    probe: (host, context) => probeUnit(host, options, context),
    plan: (seen) => planUnit(seen, options),
    apply: (host, seen) => applyUnit(host, seen, options),
    verify: (host, context) => verifyUnit(host, options, context),
  });
}
