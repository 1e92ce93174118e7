import type { NodeResult } from '../../operations/index.js';
import { nodeArgs, NodeCommand, nodeFlags, removeFlags } from '../node-command.js';

export default class NodeRemove extends NodeCommand {
  static override summary = 'Take a node out of the cluster: drain it, remove its etcd member and its Node, put its host back as it was.';
  static override description = `Refused where etcd would be left without a quorum, or with an even number of members (see --force).
A run that was cut off is continued by running the command again. Afterwards delete the host from the cluster file, or kbs apply brings
it back. When its pods do not leave in time (see kbs node drain) nothing else is done, and the node stays cordoned.`;
  static override examples = [
    '<%= config.bin %> <%= command.id %> w3 -f cluster.yaml',
    '<%= config.bin %> <%= command.id %> cp2 -f cluster.yaml --dead --yes   # its host is gone for good',
    '<%= config.bin %> <%= command.id %> cp3 -f cluster.yaml --dry-run',
  ];
  static override args = nodeArgs;
  static override flags = { ...nodeFlags, ...removeFlags };

  async run(): Promise<NodeResult> {
    const { args, flags } = await this.parse(NodeRemove);
    return this.operate<NodeResult>(flags, {
      run: async (session) => {
        const input = await this.openCluster(session, flags);
        const { parseTimeLimit, removeNode } = await import('../../operations/index.js');
        const drainTimeoutMs = parseTimeLimit('--drain-timeout', flags['drain-timeout']);
        const loss = flags.dead ? 'Its pods are given up.' : 'Its pods move, and what lies on its host is lost.';
        await session.confirm(`Remove node ${args.name} from cluster ${input.spec.name}? ${loss}`, flags.yes || flags['dry-run']);
        return removeNode(input, {
          name: args.name,
          isDead: flags.dead,
          force: flags.force,
          isReplaced: false,
          drainTimeoutMs,
          mode: flags['dry-run'] ? 'plan' : 'apply',
        });
      },
      text: (result, session) => this.nodeText(result, session, flags['dry-run']),
    });
  }
}
