import { Args, Flags } from '@oclif/core';
import type { CreatedToken } from '../../operations/index.js';
import { Secret } from '../../secret/index.js';
import { clusterFlags } from '../cluster-command.js';
import { TokenCommand } from '../token-command.js';

export default class TokenCreate extends TokenCommand {
  static override summary = 'Make a bootstrap token, with which machines join the cluster.';
  static override description = 'Without a cluster file: on a control plane itself. The token works with kbs join and with kubeadm join.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> -f cluster.yaml --print-join-command',
    'sudo <%= config.bin %> <%= command.id %> --ttl 2h   # on a control plane',
  ];
  static override args = {
    token: Args.string({ description: 'The token, six and sixteen characters with a dot between; default: a new one.' }),
  };
  static override flags = {
    ...clusterFlags,
    ttl: Flags.string({ default: '24h', helpValue: 'DURATION', summary: 'How long it is valid, such as 2h30m; 0: for ever.' }),
    description: Flags.string({ default: '', helpValue: 'TEXT', summary: 'What it is for.' }),
    'print-join-command': Flags.boolean({ summary: 'Print the whole command instead of the token alone.' }),
  };

  async run(): Promise<CreatedToken> {
    const { args, flags } = await this.parse(TokenCreate);
    return this.operate<CreatedToken>(flags, {
      run: async (session) => {
        const { createToken, parseTokenTtl } = await import('../../operations/index.js');
        const ttlMs = parseTokenTtl(flags.ttl);
        const token = args.token === undefined ? undefined : new Secret(args.token);
        return createToken(await this.apiPlace(session, flags), { token, ttlMs, description: flags.description });
      },
      text: ({ token, command }) => (flags['print-join-command'] ? command : token),
    });
  }
}
