import type { ResetResult } from '../operations/index.js';
import { countOf, formatDuration, renderPlan, type Session } from '../ui/index.js';

/** What `kbs reset` prints at the end, or with --dry-run what would go. */
export function resetText(result: ResetResult, session: Session, isDryRun: boolean): string {
  const untouched =
    result.untouched.length === 0 ? '' : `nothing to reset on ${result.untouched.join(', ')}: kbs has changed nothing there`;
  if (result.hosts.length === 0) return untouched;
  const done = isDryRun
    ? renderPlan(result.changes, session.style)
    : `${result.hosts.join(', ')}: as before kbs, ${countOf(result.changes.length, 'change')} made, ${formatDuration(result.durationMs)}`;
  return untouched === '' ? done : `${done}\n${untouched}`;
}
