import type { HostSpec } from '../config/index.js';
import { NODE_KEYS } from '../constants/index.js';
import { isReady, type KubeApi, type KubeObject } from '../kube/index.js';

/** A host that is not yet a node as it should be. */
export interface Unfinished {
  readonly host: HostSpec;
  /** The cluster has its Node all the same: its join was cut off, or it is down. */
  readonly isKnown: boolean;
}

/** A node that is Ready and carries what kbs gives every node at the end of a join. */
function isFinished(node: KubeObject | undefined): boolean {
  return isReady(node) && node?.metadata.annotations?.[NODE_KEYS.criSocket] !== undefined;
}

/** Those of the hosts that are no nodes yet, or whose join was cut off. @throws KbsError KUBE_API, KUBE_UNREACHABLE */
export async function unfinishedHosts(api: KubeApi, candidates: readonly HostSpec[]): Promise<readonly Unfinished[]> {
  const nodes = await api.list({ apiVersion: 'v1', kind: 'Node' });
  const nodeOf = ({ name }: HostSpec): KubeObject | undefined => nodes.find((node) => node.metadata.name === name);
  return candidates.filter((host) => !isFinished(nodeOf(host))).map((host) => ({ host, isKnown: nodeOf(host) !== undefined }));
}
