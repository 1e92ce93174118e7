import { step, type AnyStep } from '../../engine/index.js';
import { script, type Host, type JournalEntry } from '../../host/index.js';
import { pathEntries } from './record.js';

/** What a container runtime leaves on a host besides what is recorded of every host. */
export interface RuntimeTraces {
  /** Stands in the journal's note. */
  readonly name: string;
  readonly units: readonly string[];
  /** Folders it fills by itself. */
  readonly trees: readonly string[];
  /** Files, sockets and links that installing or running it makes or changes. */
  readonly paths: readonly string[];
  /** Groups its packages make and leave behind. */
  readonly groups: readonly string[];
}

/** Prefix of the journal's notes about groups that were not there. */
export const GROUP_NOTE = 'group ';

/** Lines as the baseline's own script prints them, and `group<TAB>name` for groups that are absent. */
const LOOK = `
for path in $TREES; do
  if [ -d "$path" ]; then was=directory; elif [ -e "$path" ]; then was=file; else was=absent; fi
  printf 'tree\\t%s\\t%s\\n' "$path" "$was"
  if [ "$was" = directory ]; then find "$path" -xdev -maxdepth 2 -printf "content\\t$path\\t%P\\n"; fi
done
for path in $PATHS; do
  if [ -L "$path" ]; then was=link; elif [ -f "$path" ]; then was=file; elif [ -e "$path" ]; then continue; else was=absent; fi
  printf 'path\\t%s\\t%s\\n' "$path" "$was"
done
for group in $GROUPS_MADE; do getent group "$group" >/dev/null || printf 'group\\t%s\\n' "$group"; done
`;

function noteOf({ name }: RuntimeTraces): string {
  return `runtime ${name}`;
}

async function lookAtTraces(host: Host, traces: RuntimeTraces): Promise<readonly JournalEntry[]> {
  const { units, trees, paths, groups } = traces;
  const [text, ...states] = await Promise.all([
    host.run(script(LOOK, { TREES: trees.join(' '), PATHS: paths.join(' '), GROUPS_MADE: groups.join(' ') })),
    ...units.map(async (unit): Promise<JournalEntry> => {
      const { enabled, active } = await host.units.state(unit);
      return { kind: 'unit', unit, enabled, active };
    }),
  ]);
  const absent = text.split('\n').flatMap((line) => (line.startsWith('group\t') ? [line.slice('group\t'.length)] : []));
  return [
    ...states,
    ...pathEntries(text),
    ...absent.map((group): JournalEntry => ({ kind: 'note', name: `${GROUP_NOTE}${group}`, value: 'absent' })),
    { kind: 'note', name: noteOf(traces), value: '1' },
  ];
}

/** Before a runtime comes that not every host has: how the host was found as far as it is concerned, for reset. */
export function runtimeRecordStep(traces: RuntimeTraces): AnyStep {
  return step<boolean>({
    id: 'runtime/record',
    title: 'Record what the container runtime will change',
    timeoutMs: 60_000,
    probe: async (host) => (await host.journal.entries()).some((entry) => entry.kind === 'note' && entry.name === noteOf(traces)),
    plan: (done) => (done ? { change: 'none' } : { change: 'create', summary: `record the state of the host for reset (${traces.name})` }),
    apply: async (host) => host.journal.record(await lookAtTraces(host, traces)),
    verify: async () => undefined,
  });
}
