import { Flags } from '@oclif/core';
import type { ClusterFile } from '../../config/index.js';
import { BaseCommand } from '../base.js';

export default class ConfigShow extends BaseCommand {
  static override summary = 'Show a cluster file as kbs understands it: every default written out.';
  static override description = 'Names of files are shown as absolute paths. No host is contacted.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> -f cluster.yaml',
    '<%= config.bin %> <%= command.id %> -f cluster.yaml --output json | jq .spec.network',
  ];
  static override flags = {
    file: Flags.string({ char: 'f', required: true, helpValue: 'FILE', summary: 'Cluster file.' }),
  };

  async run(): Promise<ClusterFile> {
    const { flags } = await this.parse(ConfigShow);
    const { effectiveClusterFile, formatClusterFile, loadClusterFile } = await import('../../config/index.js');
    return this.operate<ClusterFile>(flags, {
      run: async () => effectiveClusterFile((await loadClusterFile(flags.file)).spec),
      text: formatClusterFile,
    });
  }
}
