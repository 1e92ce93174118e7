import type { ClusterInput } from '../cluster-run.js';
import { hostsNamed, joinHosts, type ConvergeResult } from '../converge.js';
import { addEtcdHost } from './etcd-host.js';

/**
 * `kbs node add`: a host of the file becomes a node, or a member of the etcd on hosts of its own.
 * @throws KbsError USAGE for a name that is not in the file, and what joining throws
 */
export async function addNode(input: ClusterInput, name: string, mode: 'apply' | 'plan'): Promise<ConvergeResult> {
  const isOfEtcd = hostsNamed(input, [name]).some(({ roles }) => roles.includes('etcd'));
  return isOfEtcd ? addEtcdHost(input, name, mode) : joinHosts(input, [name], mode);
}
