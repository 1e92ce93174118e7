import { Args } from '@oclif/core';
import { clusterFlags } from '../cluster-command.js';
import { TokenCommand } from '../token-command.js';

interface TokenDeleteResult {
  /** Identifiers. */
  readonly deleted: readonly string[];
}

export default class TokenDelete extends TokenCommand {
  static override summary = 'Take bootstrap tokens out of a cluster: no machine joins with them any more.';
  static override description = 'Without a cluster file: on a control plane itself. Nodes that have joined are not concerned.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> abcdef -f cluster.yaml',
    'sudo <%= config.bin %> <%= command.id %> abcdef',
  ];
  static override strict = false;
  static override args = {
    token: Args.string({ required: true, description: 'Identifier of the token, or the whole token; several may be given.' }),
  };
  static override flags = { ...clusterFlags };

  async run(): Promise<TokenDeleteResult> {
    const { argv, flags } = await this.parse(TokenDelete);
    return this.operate<TokenDeleteResult>(flags, {
      run: async (session) => {
        const { deleteTokens } = await import('../../operations/index.js');
        return { deleted: await deleteTokens(await this.apiPlace(session, flags), argv as string[]) };
      },
      text: ({ deleted }) => `deleted: ${deleted.join(', ')}`,
    });
  }
}
