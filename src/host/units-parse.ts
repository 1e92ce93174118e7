import type { UnitState } from './host.js';

/** How far the two ways to tell a start may be apart before the clock is taken to have been set meanwhile. */
const CLOCK_TOLERANCE_MS = 1500;

/** Reads `systemctl show`, with a `Clocks=` line where systemd is too old to print microseconds. */
export function parseUnitState(output: string): UnitState {
  const properties = new Map<string, string>();
  for (const line of output.split('\n')) {
    const split = line.indexOf('=');
    if (split > 0) properties.set(line.slice(0, split), line.slice(split + 1));
  }
  const value = (name: string): string => properties.get(name) ?? '';
  const isRunning = value('MainPID') !== '' && value('MainPID') !== '0';
  return {
    enabled: parseEnabled(value('LoadState'), value('UnitFileState')),
    active: value('ActiveState') || 'inactive',
    startedMs: isRunning ? parseStart(value) : undefined,
    needsReload: value('NeedDaemonReload') === 'yes',
  };
}

function parseEnabled(loadState: string, unitFileState: string): string {
  if (unitFileState !== '') return unitFileState;
  return loadState === 'not-found' || loadState === 'masked' ? loadState : 'disabled';
}

/**
 * With microseconds the printed time is exact. Without, it has whole seconds only, too coarse to be compared with files: the
 * monotonic time has more, and counts when both agree. When they do not (the clock was set), the printed time holds.
 */
function parseStart(value: (name: string) => string): number | undefined {
  const printedMs = parseTimestamp(value('ExecMainStartTimestamp'));
  const clocks = /^(\d{19}) ([\d.]+)/.exec(value('Clocks'));
  if (printedMs === undefined || !clocks) return printedMs;
  const nowMs = Number(BigInt(clocks[1] ?? '0') / 1_000_000n);
  const sinceStartMs = Number(clocks[2]) * 1000 - Number(value('ExecMainStartTimestampMonotonic')) / 1000;
  const computedMs = Math.round(nowMs - sinceStartMs);
  return Math.abs(computedMs - printedMs) <= CLOCK_TOLERANCE_MS ? computedMs : printedMs;
}

/** `Sat 2026-11-21 02:25:48.123456 UTC`. Other time zones have names nobody can resolve; hosts that are asked print UTC. */
function parseTimestamp(text: string): number | undefined {
  const [, date, time, fraction = ''] = /^\w+ (\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.(\d+))? UTC$/.exec(text) ?? [];
  if (date === undefined || time === undefined) return undefined;
  return Date.parse(`${date}T${time}Z`) + Math.floor(Number(`0.${fraction || '0'}`) * 1000);
}
