import { Flags } from '@oclif/core';
import type { ConvergeResult } from '../operations/index.js';
import { clusterFlags, ClusterCommand, phaseFlags } from './cluster-command.js';

/** Exit code of `kbs plan --exit-code` when there are changes. */
const CHANGES_PENDING = 9;

export default class Plan extends ClusterCommand {
  static override summary = 'Show what apply would change, as a diff per host and file. Reads only.';
  static override examples = ['<%= config.bin %> plan -f cluster.yaml', '<%= config.bin %> plan -f cluster.yaml --exit-code --output json'];
  static override flags = {
    ...clusterFlags,
    ...phaseFlags,
    'exit-code': Flags.boolean({ summary: `End with exit code ${CHANGES_PENDING} when there is something to change.` }),
  };

  async run(): Promise<ConvergeResult> {
    const { flags } = await this.parse(Plan);
    const { renderPlan } = await import('../ui/index.js');
    return this.operate<ConvergeResult>(flags, {
      run: async (session) => {
        const input = await this.openCluster(session, flags);
        const { applyCluster } = await import('../operations/index.js');
        return applyCluster(input, 'plan');
      },
      text: (result, session) => [renderPlan(result.changes, session.style), ...result.notInFile.map(strangerText)].join('\n'),
      exit: (result) => (flags['exit-code'] && result.changes.length > 0 ? CHANGES_PENDING : 0),
    });
  }
}

function strangerText(name: string): string {
  return `${name} is in the cluster and not in the cluster file: kbs node remove ${name}, or name it there`;
}
