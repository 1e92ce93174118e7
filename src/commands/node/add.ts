import type { ConvergeResult } from '../../operations/index.js';
import { phaseFlags } from '../cluster-command.js';
import { nodeArgs, NodeCommand, nodeFlags } from '../node-command.js';

export default class NodeAdd extends NodeCommand {
  static override summary = 'Make a node of one host of the cluster file: a worker, a further control plane, or a further member of etcd.';
  static override description =
    'The same as kbs join --host NAME. A control plane comes to etcd as a learner first and votes once it has caught up;\nso does a host of etcd, and then the API servers are told of it.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> w4 -f cluster.yaml',
    '<%= config.bin %> <%= command.id %> cp2 -f cluster.yaml --dry-run',
  ];
  static override args = nodeArgs;
  static override flags = { ...nodeFlags, ...phaseFlags };

  async run(): Promise<ConvergeResult> {
    const { args, flags } = await this.parse(NodeAdd);
    const { convergeText } = await import('../converge-text.js');
    return this.operate<ConvergeResult>(flags, {
      run: async (session) => {
        const input = await this.openCluster(session, flags);
        const { addNode } = await import('../../operations/index.js');
        return addNode(input, args.name, flags['dry-run'] ? 'plan' : 'apply');
      },
      text: (result, session) => convergeText(result, session, flags['dry-run']),
    });
  }
}
