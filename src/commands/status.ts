import type { ClusterStatus } from '../operations/index.js';
import { clusterFlags, ClusterCommand } from './cluster-command.js';

export default class Status extends ClusterCommand {
  static override summary = 'Show hosts, versions, components, etcd, certificates and drift at a glance. Reads only.';
  static override examples = ['<%= config.bin %> status -f cluster.yaml', '<%= config.bin %> status -f cluster.yaml --output json'];
  static override flags = { ...clusterFlags };

  async run(): Promise<ClusterStatus> {
    const { flags } = await this.parse(Status);
    const { statusText } = await import('./status-text.js');
    return this.operate<ClusterStatus>(flags, {
      run: async (session) => {
        const input = await this.openCluster(session, flags);
        const { clusterStatus } = await import('../operations/index.js');
        return clusterStatus(input);
      },
      text: statusText,
    });
  }
}
