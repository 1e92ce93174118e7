import type { VerifyResult } from '../operations/index.js';
import { countOf, formatDuration, renderTable, type Session } from '../ui/index.js';

type Row = VerifyResult['rows'][number];

/** Rows of one check that are all well stand in one line: a full verification of many hosts has thousands. */
function lines(rows: readonly Row[]): readonly (readonly string[])[] {
  const checks = [...new Set(rows.map(({ check }) => check))];
  return checks.flatMap((check) => {
    const own = rows.filter((row) => row.check === check);
    const well = own.filter(({ status }) => status === 'ok');
    const [first] = well;
    const slowest = Math.max(0, ...well.map(({ ms }) => ms));
    const good =
      first === undefined
        ? []
        : [
            well.length === 1
              ? ['ok', check, first.edge, formatDuration(first.ms), first.detail]
              : ['ok', check, `${well.length} edges`, formatDuration(slowest), `${first.edge}: ${first.detail}`],
          ];
    const rest = own.filter(({ status }) => status !== 'ok');
    return [...good, ...rest.map(({ status, edge, ms, detail }) => [status, check, edge, formatDuration(ms), detail])];
  });
}

/** A verification as people read it. */
export function verifyText(result: VerifyResult, session: Session): string {
  const { rows, error, cluster, profile, durationMs } = result;
  const options = session.width === undefined ? {} : { width: session.width };
  const columns = ['RESULT', 'CHECK', 'EDGE', 'TIME', 'SEEN'].map((header) => ({ header }));
  const count = (status: Row['status']): number => rows.filter((row) => row.status === status).length;
  const summary = `${cluster} (${profile}): ${countOf(count('ok'), 'row')} ok, ${count('failed')} failed, ${count('skipped')} skipped in ${formatDuration(durationMs)}`;
  const evidence = error === undefined ? [] : ['', error.message, ...error.details.slice(count('failed')).map((line) => `  ${line}`)];
  const tries = error === undefined ? [] : ['', 'Try:', ...error.remedy.map((line) => `  ${line}`), 'More: kbs explain PROOF_FAILED'];
  return [renderTable(columns, lines(rows), options), '', summary, ...evidence, ...tries].join('\n');
}
