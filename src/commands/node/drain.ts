import { Flags } from '@oclif/core';
import type { NodeResult } from '../../operations/index.js';
import { drainFlags, nodeArgs, NodeCommand, nodeFlags } from '../node-command.js';

export default class NodeDrain extends NodeCommand {
  static override summary = 'Move the pods of a node to others, for work on its host.';
  static override description = `The node is cordoned; pods are evicted, which honours PodDisruptionBudgets, and waited for. Pods of DaemonSets and static pods stay.
Data in emptyDir volumes is lost. A node that cannot be emptied in time stays cordoned; kbs node uncordon opens it.`;
  static override examples = [
    '<%= config.bin %> <%= command.id %> w1 -f cluster.yaml',
    '<%= config.bin %> <%= command.id %> w1 -f cluster.yaml --drain-timeout 15m',
  ];
  static override args = nodeArgs;
  static override flags = {
    ...nodeFlags,
    ...drainFlags,
    force: Flags.boolean({
      summary: 'Delete pods without a controller, and pods that their PodDisruptionBudget still holds after the time limit.',
    }),
  };

  async run(): Promise<NodeResult> {
    const { args, flags } = await this.parse(NodeDrain);
    return this.operate<NodeResult>(flags, {
      run: async (session) => {
        const input = await this.openCluster(session, flags);
        const { drainClusterNode, parseTimeLimit } = await import('../../operations/index.js');
        return drainClusterNode(input, {
          operation: 'node drain',
          name: args.name,
          drainTimeoutMs: parseTimeLimit('--drain-timeout', flags['drain-timeout']),
          force: flags.force,
          mode: flags['dry-run'] ? 'plan' : 'apply',
        });
      },
      text: (result, session) => this.nodeText(result, session, flags['dry-run']),
    });
  }
}
