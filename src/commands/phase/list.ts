import type { Session } from '../../ui/index.js';
import { BaseCommand } from '../base.js';

interface PhaseRow {
  readonly name: string;
  /** Hosts it runs on: all, control-plane, worker, cluster, or some (chosen by what they are). */
  readonly on: string;
  readonly summary: string;
}

interface PhaseListResult {
  readonly phases: readonly PhaseRow[];
}

export default class PhaseList extends BaseCommand {
  static override summary = 'List the phases of init, join and apply, in their order.';
  static override description = 'Their names are those of --phase and --skip-phase, of events and of --timings.';
  static override examples = ['<%= config.bin %> phase list', '<%= config.bin %> phase list --output json'];

  async run(): Promise<PhaseListResult> {
    const { flags } = await this.parse(PhaseList);
    const [{ CLUSTER_PHASES }, { renderTable }] = await Promise.all([import('../../operations/index.js'), import('../../ui/index.js')]);
    const phases = CLUSTER_PHASES.map(({ name, on, summary }) => ({ name, on: typeof on === 'string' ? on : 'some', summary }));
    const text = (_result: PhaseListResult, session: Session): string =>
      renderTable(
        [{ header: 'phase' }, { header: 'on' }, { header: 'does' }],
        phases.map(({ name, on, summary }) => [name, on, summary]),
        { header: session.style.dim, ...(session.width === undefined ? {} : { width: session.width }) },
      );
    return this.operate(flags, { run: () => Promise.resolve({ phases }), text });
  }
}
