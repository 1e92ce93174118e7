import { Flags } from '@oclif/core';
import type { ConvergeResult } from '../operations/index.js';
import { clusterFlags, ClusterCommand, phaseFlags } from './cluster-command.js';
import { drainFlags } from './node-command.js';

export default class Apply extends ClusterCommand {
  static override summary = 'Bring the cluster from whatever state it is in to what the file declares: control planes, workers and all.';
  static override description = `Every host is checked before the first one is changed. A run that was cut off is continued by running the command again.
Nodes with another container runtime than the file wants get it one after the other: drained, switched, proven. The first that is not well ends the run.`;
  static override examples = [
    '<%= config.bin %> apply -f cluster.yaml',
    '<%= config.bin %> apply -f cluster.yaml --dry-run',
    '<%= config.bin %> apply -f cluster.yaml --ignore-preflight=Memory,Cpus --timings',
  ];
  static override flags = {
    ...clusterFlags,
    ...phaseFlags,
    ...drainFlags,
    force: Flags.boolean({
      summary:
        'Where a container runtime changes: delete pods without a controller, and pods that their PodDisruptionBudget still holds after the time limit.',
    }),
    'dry-run': Flags.boolean({ summary: 'Show what would be changed and change nothing.' }),
  };

  async run(): Promise<ConvergeResult> {
    const { flags } = await this.parse(Apply);
    const { convergeText } = await import('./converge-text.js');
    return this.operate<ConvergeResult>(flags, {
      run: async (session) => {
        const input = await this.openCluster(session, flags);
        const { applyCluster, parseTimeLimit } = await import('../operations/index.js');
        const drain = { timeoutMs: parseTimeLimit('--drain-timeout', flags['drain-timeout']), force: flags.force };
        return applyCluster({ ...input, drain }, flags['dry-run'] ? 'plan' : 'apply');
      },
      text: (result, session) => convergeText(result, session, flags['dry-run']),
    });
  }
}
