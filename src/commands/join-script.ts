import { Flags } from '@oclif/core';
import type { JoinScript as JoinScriptFacts } from '../operations/index.js';
import { clusterFlags, ClusterCommand } from './cluster-command.js';

interface JoinScriptResult extends JoinScriptFacts {
  /** The script itself, when it was not written to a file; it holds the token. */
  readonly script?: string;
  readonly path?: string;
}

export default class JoinScript extends ClusterCommand {
  static override summary = 'Print a script or cloud-init user-data with which machines join as workers by themselves.';
  static override description = `For fleets: no SSH, no kbs and no Node is needed on the machines, only a shell, systemd, and curl or GNU wget. The script checks
that it speaks with the cluster that is meant, downloads every part from where the cluster file says and checks its sha256, writes what
kbs join writes, and starts the kubelet, which gets its certificate with the token. It may be run again.
The token stands in the script: whoever can read it can join machines until the token expires. User-data of clouds is often readable for
every process of the machine: give such tokens a short life. Where a cloud takes 16 KiB only, gzip the file: cloud-init reads that too.`;
  static override examples = [
    '<%= config.bin %> <%= command.id %> -f cluster.yaml --ttl 1h --to join.sh',
    '<%= config.bin %> <%= command.id %> -f cluster.yaml --format cloud-init --to user-data',
    '<%= config.bin %> <%= command.id %> -f cluster.yaml --artifacts-url http://10.0.0.5:8080 --to join.sh   # parts of a bundle, served there',
  ];
  static override flags = {
    ...clusterFlags,
    format: Flags.option({
      options: ['sh', 'cloud-init'] as const,
      default: 'sh',
      summary: 'A shell script, or user-data of cloud-init.',
    })(),
    ttl: Flags.string({ default: '24h', helpValue: 'DURATION', summary: 'How long the token in it is valid, such as 2h30m; 0: for ever.' }),
    architecture: Flags.option({ options: ['amd64', 'arm64'] as const, default: 'amd64', summary: 'Of the machines that will join.' })(),
    'artifacts-url': Flags.url({
      helpValue: 'URL',
      summary: 'Where machines find what is in the bundle or mirror; needed with artifacts.source: bundle.',
    }),
    to: Flags.string({ helpValue: 'FILE', summary: 'Write to this file, readable by you alone, instead of standard output.' }),
  };

  async run(): Promise<JoinScriptResult> {
    const { flags } = await this.parse(JoinScript);
    return this.operate<JoinScriptResult>(flags, {
      run: async (session) => {
        const { makeJoinScript, parseTokenTtl, writeJoinScript } = await import('../operations/index.js');
        const ttlMs = parseTokenTtl(flags.ttl);
        const input = await this.openCluster(session, flags);
        const { script, told } = await makeJoinScript(input, {
          format: flags.format,
          architecture: flags.architecture,
          artifactsUrl: flags['artifacts-url']?.href,
          ttlMs,
          version: this.config.version,
        });
        const until = told.expires === undefined ? 'for ever' : `until ${told.expires}`;
        session.bus.emit({
          type: 'warning',
          message: `the script holds a bootstrap token: whoever can read it can join machines ${until}`,
          remedy: [`kbs token delete ${told.tokenId} -f ${flags.file ?? 'CLUSTER_FILE'}   # when all have joined`],
        });
        if (flags.to === undefined) return { ...told, script: script.reveal() };
        await writeJoinScript(flags.to, script);
        return { ...told, path: flags.to };
      },
      text: ({ script, path }) => script ?? `written to ${path ?? ''}; on the machine, as root: sh ${path ?? ''}`,
    });
  }
}
