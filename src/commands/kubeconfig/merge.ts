import { Flags } from '@oclif/core';
import { clusterFlags, ClusterCommand } from '../cluster-command.js';

interface MergeResult {
  readonly path: string;
  readonly context: string;
  /** Entries that were there with other content. */
  readonly replaced: readonly string[];
}

export default class KubeconfigMerge extends ClusterCommand {
  static override summary = 'Add the cluster to your kubeconfig; everything else in it stays as it is.';
  static override examples = [
    '<%= config.bin %> kubeconfig merge -f cluster.yaml',
    '<%= config.bin %> kubeconfig merge -f cluster.yaml --context prod --no-switch',
  ];
  static override flags = {
    ...clusterFlags,
    to: Flags.string({ helpValue: 'FILE', summary: 'The kubeconfig to add to; default: KUBECONFIG, else ~/.kube/config.' }),
    context: Flags.string({ helpValue: 'NAME', summary: 'Name of the context; default: the cluster’s name.' }),
    switch: Flags.boolean({ default: true, allowNo: true, summary: 'Make it the current context.' }),
  };

  async run(): Promise<MergeResult> {
    const { flags } = await this.parse(KubeconfigMerge);
    return this.operate<MergeResult>(flags, {
      run: async (session) => {
        const input = await this.openCluster(session, flags);
        const { adminKubeconfig, defaultKubeconfigPath, mergeIntoKubeconfig } = await import('../../operations/index.js');
        const path = flags.to ?? defaultKubeconfigPath();
        const context = flags.context ?? input.spec.name;
        const text = await adminKubeconfig(input);
        return { path, context, replaced: await mergeIntoKubeconfig(path, text, { contextName: context, setCurrent: flags.switch }) };
      },
      text: ({ path, context, replaced }) =>
        [
          `context ${context} is in ${path}`,
          ...replaced.map((entry) => `replaced ${entry}`),
          '',
          `  kubectl --context ${context} get nodes`,
        ].join('\n'),
    });
  }
}
