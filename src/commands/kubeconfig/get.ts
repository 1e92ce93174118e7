import { Flags } from '@oclif/core';
import { clusterFlags, ClusterCommand } from '../cluster-command.js';

interface KubeconfigResult {
  /** The kubeconfig itself, when it was not written to a file. */
  readonly kubeconfig?: string;
  readonly path?: string;
}

export default class KubeconfigGet extends ClusterCommand {
  static override summary = 'Print a kubeconfig of the cluster’s administrator, with a client certificate of its own.';
  static override examples = [
    '<%= config.bin %> kubeconfig get -f cluster.yaml --to admin.conf',
    '<%= config.bin %> kubeconfig get -f cluster.yaml > admin.conf',
  ];
  static override flags = {
    ...clusterFlags,
    to: Flags.string({ helpValue: 'FILE', summary: 'Write to this file, readable by you alone, instead of standard output.' }),
  };

  async run(): Promise<KubeconfigResult> {
    const { flags } = await this.parse(KubeconfigGet);
    return this.operate<KubeconfigResult>(flags, {
      run: async (session) => {
        const input = await this.openCluster(session, flags);
        const { adminKubeconfig, writeKubeconfig } = await import('../../operations/index.js');
        const text = await adminKubeconfig(input);
        if (flags.to === undefined) return { kubeconfig: text.reveal() };
        await writeKubeconfig(flags.to, text);
        return { path: flags.to };
      },
      text: ({ kubeconfig, path }) => kubeconfig ?? `written to ${path ?? ''}\n\n  export KUBECONFIG=${path ?? ''}`,
    });
  }
}
