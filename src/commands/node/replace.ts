import { Args } from '@oclif/core';
import type { NodeResult } from '../../operations/index.js';
import { NodeCommand, nodeFlags, removeFlags } from '../node-command.js';

export default class NodeReplace extends NodeCommand {
  static override summary = 'Let another host take the place of a node; any control plane can go, the first one included.';
  static override description = `NEW is a host of the cluster file; OLD may stand in it or not. While OLD works NEW joins before OLD goes; an OLD that does not
work, or is gone (--dead), is taken out first. A run that was cut off is continued by running the command again. A host that was
installed anew under its old name: --dead with the same name twice.`;
  static override examples = [
    '<%= config.bin %> <%= command.id %> cp1 cp4 -f cluster.yaml',
    '<%= config.bin %> <%= command.id %> cp1 cp4 -f cluster.yaml --dead --yes   # the host of cp1 is gone for good',
    '<%= config.bin %> <%= command.id %> cp2 cp2 -f cluster.yaml --dead   # the host of cp2 was installed anew',
  ];
  static override args = {
    old: Args.string({ required: true, description: 'Name of the node that goes.' }),
    new: Args.string({ required: true, description: 'Name of the host of the cluster file that comes.' }),
  };
  static override flags = { ...nodeFlags, ...removeFlags };

  async run(): Promise<NodeResult> {
    const { args, flags } = await this.parse(NodeReplace);
    return this.operate<NodeResult>(flags, {
      run: async (session) => {
        const input = await this.openCluster(session, flags);
        const { parseTimeLimit, replaceNode } = await import('../../operations/index.js');
        const drainTimeoutMs = parseTimeLimit('--drain-timeout', flags['drain-timeout']);
        await session.confirm(`Replace node ${args.old} of cluster ${input.spec.name} by ${args.new}?`, flags.yes || flags['dry-run']);
        return replaceNode(input, {
          name: args.old,
          by: args.new,
          isDead: flags.dead,
          force: flags.force,
          drainTimeoutMs,
          mode: flags['dry-run'] ? 'plan' : 'apply',
        });
      },
      text: (result, session) => this.nodeText(result, session, flags['dry-run']),
    });
  }
}
