import type { ConvergeResult } from '../operations/index.js';
import { countOf, formatDuration, renderPlan, renderTable, type Session } from '../ui/index.js';

/** What `init`, `join` and `apply` print at the end: the proof as a table and what was changed, or with --dry-run the plan. */
export function convergeText(result: ConvergeResult, session: Session, isDryRun: boolean): string {
  if (isDryRun) return renderPlan(result.changes, session.style);
  if (result.hosts.length === 0) return `nothing to ${result.operation}: every host of the file is a node already`;
  const columns = [{ header: 'PROOF' }, { header: 'EDGE' }, { header: 'RESULT' }, { header: 'MS', align: 'right' as const }];
  const rows = result.proof.map(({ what, edge, ok, ms }) => [what, edge, ok ? 'ok' : 'failed', String(Math.round(ms))]);
  const table = rows.length === 0 ? '' : `${renderTable(columns, rows, session.width === undefined ? {} : { width: session.width })}\n\n`;
  const hosts = countOf(result.hosts.length, 'host');
  const changes = result.changes.length === 0 ? 'nothing was changed' : `${countOf(result.changes.length, 'change')} made`;
  return `${table}${result.operation} of ${result.cluster}: ${hosts}, ${changes}, ${result.unchanged} unchanged, ${formatDuration(result.durationMs)}`;
}
