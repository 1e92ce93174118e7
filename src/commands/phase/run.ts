import { Args, Flags } from '@oclif/core';
import type { ConvergeResult } from '../../operations/index.js';
import { clusterFlags, ClusterCommand, phaseFlags } from '../cluster-command.js';

export default class PhaseRun extends ClusterCommand {
  static override summary = 'Run some phases of apply and no others.';
  static override description =
    'What they build on has to be there already: it is not made, and not checked. The phases run in the order of apply.';
  static override examples = [
    '<%= config.bin %> phase run proof -f cluster.yaml',
    '<%= config.bin %> phase run preflight artifacts -f cluster.yaml',
    '<%= config.bin %> phase run certificates -f cluster.yaml --dry-run',
  ];
  static override strict = false;
  static override args = { name: Args.string({ required: true, description: 'Names of phases, as kbs phase list tells them.' }) };
  static override flags = {
    ...clusterFlags,
    'ignore-preflight': phaseFlags['ignore-preflight'],
    'dry-run': Flags.boolean({ summary: 'Show what would be changed and change nothing.' }),
  };

  async run(): Promise<ConvergeResult> {
    const { flags, argv } = await this.parse(PhaseRun);
    const { convergeText } = await import('../converge-text.js');
    return this.operate<ConvergeResult>(flags, {
      run: async (session) => {
        const input = await this.openCluster(session, { ...flags, phase: argv.map(String) });
        const { applyCluster } = await import('../../operations/index.js');
        return applyCluster(input, flags['dry-run'] ? 'plan' : 'apply');
      },
      text: (result, session) => convergeText(result, session, flags['dry-run']),
    });
  }
}
