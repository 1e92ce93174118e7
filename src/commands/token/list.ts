import { Flags } from '@oclif/core';
import type { TokenRow } from '../../operations/index.js';
import { renderTable, type Session } from '../../ui/index.js';
import { clusterFlags } from '../cluster-command.js';
import { TokenCommand } from '../token-command.js';

interface TokenListResult {
  readonly tokens: readonly TokenRow[];
}

export default class TokenList extends TokenCommand {
  static override summary = 'List the bootstrap tokens of a cluster.';
  static override description = 'Without a cluster file: on a control plane itself.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> -f cluster.yaml',
    'sudo <%= config.bin %> <%= command.id %> --show-secrets',
  ];
  static override flags = {
    ...clusterFlags,
    'show-secrets': Flags.boolean({ summary: 'Show the whole tokens, not only their identifiers.' }),
  };

  async run(): Promise<TokenListResult> {
    const { flags } = await this.parse(TokenList);
    return this.operate<TokenListResult>(flags, {
      run: async (session) => {
        const { listTokens } = await import('../../operations/index.js');
        return { tokens: await listTokens(await this.apiPlace(session, flags), { showsSecrets: flags['show-secrets'] }) };
      },
      text: listText,
    });
  }
}

function listText({ tokens }: TokenListResult, session: Session): string {
  if (tokens.length === 0) return 'there are no bootstrap tokens';
  const rows = tokens.map(({ id, token, expires, usages, description }) => [
    token ?? id,
    expires ?? 'never',
    usages.join(', '),
    description,
  ]);
  const columns = ['TOKEN', 'EXPIRES', 'USAGES', 'DESCRIPTION'].map((header) => ({ header }));
  return renderTable(columns, rows, session.width === undefined ? {} : { width: session.width });
}
