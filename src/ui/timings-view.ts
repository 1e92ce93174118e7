import type { Style } from './style.js';
import { renderTable } from './table.js';
import { formatDuration } from './text.js';
import type { Timings } from './timings.js';

/** The critical path and the phases as two tables. */
export function renderTimings(timings: Timings, style: Style): string {
  const right = { align: 'right' } as const;
  const header = style.dim;
  const path = renderTable(
    [{ header: 'from', ...right }, { header: 'took', ...right }, { header: 'waited', ...right }, { header: 'phase' }, { header: 'host' }],
    timings.criticalPath.map((link) => [
      formatDuration(link.startMs),
      formatDuration(link.durationMs),
      formatDuration(link.waitedForMs),
      link.phase,
      link.host,
    ]),
    { header },
  );
  const phases = renderTable(
    [{ header: 'from', ...right }, { header: 'took', ...right }, { header: 'phase' }, { header: 'hosts', ...right }, { header: 'slowest' }],
    timings.perPhase.map((phase) => [
      formatDuration(phase.startMs),
      formatDuration(phase.durationMs),
      phase.phase,
      String(phase.hosts),
      `${phase.slowest.host} (${formatDuration(phase.slowest.durationMs)})`,
    ]),
    { header },
  );
  const total = formatDuration(timings.totalMs);
  return [style.bold(`Critical path (${total} in all)`), path, '', style.bold('Phases'), phases].join('\n');
}
