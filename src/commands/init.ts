import { Flags } from '@oclif/core';
import type { ConvergeResult } from '../operations/index.js';
import { clusterFlags, ClusterCommand, phaseFlags } from './cluster-command.js';

export default class Init extends ClusterCommand {
  static override summary = 'Make the control plane, the pod network, kube-proxy and CoreDNS; ends when all of it is proven to work.';
  static override description =
    'Every host is checked before the first one is changed. A run that was cut off is continued by running the command again.';
  static override examples = [
    '<%= config.bin %> init -f cluster.yaml',
    '<%= config.bin %> init -f cluster.yaml --dry-run',
    '<%= config.bin %> init -f cluster.yaml --ignore-preflight=Memory,Cpus --timings',
  ];
  static override flags = {
    ...clusterFlags,
    ...phaseFlags,
    'dry-run': Flags.boolean({ summary: 'Show what would be changed and change nothing.' }),
  };

  async run(): Promise<ConvergeResult> {
    const { flags } = await this.parse(Init);
    const { convergeText } = await import('./converge-text.js');
    return this.operate<ConvergeResult>(flags, {
      run: async (session) => {
        const input = await this.openCluster(session, flags);
        const { initCluster } = await import('../operations/index.js');
        return initCluster(input, flags['dry-run'] ? 'plan' : 'apply');
      },
      text: (result, session) => convergeText(result, session, flags['dry-run']),
    });
  }
}
