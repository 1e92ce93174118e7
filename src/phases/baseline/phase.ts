import { step, type Phase } from '../../engine/index.js';
import type { JournalEntry } from '../../host/index.js';
import type { RunContext } from '../context.js';
import { BASELINE_NOTES, lookAtBaseline } from './record.js';

function isDone(entries: readonly JournalEntry[]): boolean {
  return entries.some((entry) => entry.kind === 'note' && entry.name === BASELINE_NOTES.done);
}

/** The first change on a host: a record of how it was found, for reset. */
export const baselinePhase: Phase<Pick<RunContext, 'spec'>> = {
  name: 'baseline',
  title: 'Record how the hosts were found',
  summary: 'notes what the host is like before the first change, so that `kbs reset` can take it back to that',
  on: 'all',
  waitsFor: ['preflight', 'etcd-checks', 'artifacts'],
  steps: ({ spec }) => [
    step<boolean>({
      id: 'baseline/record',
      title: 'Record how the host was found',
      timeoutMs: 60_000,
      probe: async (host) => isDone(await host.journal.entries()),
      plan: (done) => (done ? { change: 'none' } : { change: 'create', summary: 'record the state of the host for reset' }),
      apply: async (host) => host.journal.record(await lookAtBaseline(host, [spec.etcd.dataDir])),
      verify: async () => undefined,
    }),
  ],
};
