import { Args, Flags } from '@oclif/core';
import type { CreatedToken } from '../../operations/index.js';
import { Secret } from '../../secret/index.js';
import { clusterFlags } from '../cluster-command.js';
import { TokenCommand } from '../token-command.js';

export default class TokenCreate extends TokenCommand {
  static override summary = 'Make a bootstrap token, with which machines join the cluster.';
  static override description = `Without a cluster file: on a control plane itself. The token works with kbs join and with kubeadm join.
With --upload-certs encrypted copies of the cluster's authorities are put into the cluster for two hours, and the command of control
planes is told too; the key that opens them is told here and stored nowhere.`;
  static override examples = [
    '<%= config.bin %> <%= command.id %> -f cluster.yaml --print-join-command',
    '<%= config.bin %> <%= command.id %> -f cluster.yaml --print-join-command --upload-certs',
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
    'upload-certs': Flags.boolean({ summary: 'Let control planes join too: upload the certificates, encrypted, for two hours.' }),
    'certificate-key': Flags.string({
      helpValue: 'KEY',
      env: 'KBS_CERTIFICATE_KEY',
      summary: 'Key of the uploaded certificates: of those that are there, or with --upload-certs for the new ones; default: a new one.',
    }),
  };

  async run(): Promise<CreatedToken> {
    const { args, flags } = await this.parse(TokenCreate);
    return this.operate<CreatedToken>(flags, {
      run: async (session) => {
        const { createToken, parseTokenTtl } = await import('../../operations/index.js');
        const ttlMs = parseTokenTtl(flags.ttl);
        return createToken(await this.apiPlace(session, flags), {
          token: secretOf(args.token),
          ttlMs,
          description: flags.description,
          certificateKey: secretOf(flags['certificate-key']),
          uploadsCertificates: flags['upload-certs'],
        });
      },
      text: (result) => (flags['print-join-command'] ? commandsText(result) : tokenText(result)),
    });
  }
}

function secretOf(text: string | undefined): Secret | undefined {
  return text === undefined ? undefined : new Secret(text);
}

/** One line when there is one command: scripts run it as it is. */
function commandsText({ command, controlPlaneCommand, certificatesExpire }: CreatedToken): string {
  if (controlPlaneCommand === undefined) return command;
  const until = certificatesExpire === undefined ? '' : `, until ${certificatesExpire}`;
  return [`# workers`, command, '', `# control planes${until}`, controlPlaneCommand].join('\n');
}

function tokenText({ token, certificateKey }: CreatedToken): string {
  return certificateKey === undefined ? token : `${token}\n${certificateKey}`;
}
