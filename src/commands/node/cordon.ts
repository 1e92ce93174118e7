import type { NodeResult } from '../../operations/index.js';
import { nodeArgs, NodeCommand, nodeFlags } from '../node-command.js';

export default class NodeCordon extends NodeCommand {
  static override summary = 'Keep new pods off a node; those that run there stay.';
  static override examples = ['<%= config.bin %> <%= command.id %> w1 -f cluster.yaml'];
  static override args = nodeArgs;
  static override flags = nodeFlags;

  async run(): Promise<NodeResult> {
    const { args, flags } = await this.parse(NodeCordon);
    return this.operate<NodeResult>(flags, {
      run: async (session) => {
        const input = await this.openCluster(session, flags);
        const { drainClusterNode } = await import('../../operations/index.js');
        return drainClusterNode(input, {
          operation: 'node cordon',
          name: args.name,
          drainTimeoutMs: 0,
          force: false,
          mode: flags['dry-run'] ? 'plan' : 'apply',
        });
      },
      text: (result, session) => this.nodeText(result, session, flags['dry-run']),
    });
  }
}
