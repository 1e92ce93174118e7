import { Flags } from '@oclif/core';
import type { ConvergeResult } from '../operations/index.js';
import { clusterFlags, ClusterCommand, phaseFlags } from './cluster-command.js';

export default class Join extends ClusterCommand {
  static override summary = 'Make nodes of the workers of the file that are none yet; ends when traffic flows between all nodes.';
  static override examples = [
    '<%= config.bin %> join -f cluster.yaml',
    '<%= config.bin %> join -f cluster.yaml --host w3 --host w4',
    '<%= config.bin %> join -f cluster.yaml --dry-run',
  ];
  static override flags = {
    ...clusterFlags,
    ...phaseFlags,
    host: Flags.string({ multiple: true, helpValue: 'NAME', summary: 'Only this worker (may be given again).' }),
    'dry-run': Flags.boolean({ summary: 'Show what would be changed and change nothing.' }),
  };

  async run(): Promise<ConvergeResult> {
    const { flags } = await this.parse(Join);
    const { convergeText } = await import('./converge-text.js');
    return this.operate<ConvergeResult>(flags, {
      run: async (session) => {
        const input = await this.openCluster(session, flags);
        const { joinWorkers } = await import('../operations/index.js');
        return joinWorkers(input, flags.host ?? [], flags['dry-run'] ? 'plan' : 'apply');
      },
      text: (result, session) => convergeText(result, session, flags['dry-run']),
    });
  }
}
