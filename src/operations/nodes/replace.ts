import { controlPlanes, type HostSpec } from '../../config/index.js';
import { KbsError } from '../../errors/index.js';
import { isReady } from '../../kube/index.js';
import type { ClusterInput } from '../cluster-run.js';
import { hostsNamed, joinOnly } from '../converge.js';
import { followControlPlanes } from '../load-balancers.js';
import { isOfEtcd, replaceEtcdHost } from './etcd-host.js';
import { checkLeaving, findLeaving, withoutHost, type Leaving, type NodeResult, type RemoveOptions } from './leaving.js';
import { nodesAndMembers, withReachedCluster } from '../reached-cluster.js';
import { leaveCluster } from './remove.js';

/** `kbs node replace`. */
export interface ReplaceOptions extends Omit<RemoveOptions, 'isReplaced'> {
  /** Name of a host of the file. */
  readonly by: string;
}

interface Plan {
  /** The old one still works: the new one comes before it goes. */
  readonly joinsFirst: boolean;
}

/** @throws KbsError USAGE when one is a control plane and the other is none */
function checkRoles({ name, host, member }: Leaving, by: HostSpec): void {
  const isControlPlane = member !== undefined || host?.roles.includes('control-plane') === true;
  // Of one that is gone already nobody knows what it was.
  if (host === undefined && member === undefined) return;
  if (isControlPlane === by.roles.includes('control-plane')) return;
  throw new KbsError('USAGE', `${name} is a ${isControlPlane ? 'control plane' : 'worker'}, and ${by.name} is not`, {
    remedy: [`set roles: [${isControlPlane ? 'control-plane' : 'worker'}] for ${by.name} in the cluster file`],
  });
}

/** Looks at everything before anything is changed. */
async function lookAhead(input: ClusterInput, options: ReplaceOptions, by: HostSpec): Promise<Plan> {
  const { name, isDead } = options;
  const living = isDead ? controlPlanes(input.spec).filter((host) => host.name !== name) : controlPlanes(input.spec);
  return withReachedCluster(input, living, async (cluster) => {
    const found = { spec: input.spec, ...(await nodesAndMembers(cluster, input.signal)) };
    const leaving = findLeaving(name, found);
    checkRoles(leaving, by);
    const works = leaving.member?.problem === undefined && (leaving.node === undefined || isReady(leaving.node));
    const joinsFirst = !isDead && works;
    // Else the new one is a member by then, and what is left is more than now.
    if (!joinsFirst) checkLeaving(leaving, { ...options, isReplaced: true }, found);
    return { joinsFirst };
  });
}

/**
 * `kbs node replace`: another host takes the place of a node, the first control plane included. While the old one works the new one comes
 * first; one that does not is taken out first. A run that was cut off is continued.
 * @throws KbsError USAGE, ETCD_QUORUM and the like before anything is changed; what removing and joining throw
 */
export async function replaceNode(input: ClusterInput, options: ReplaceOptions): Promise<NodeResult> {
  const { name, by, mode, isDead } = options;
  const [host] = hostsNamed(input, [by]);
  if (host === undefined) throw new KbsError('INTERNAL', 'no host was asked for');
  if (name === by && !isDead) {
    throw new KbsError('USAGE', `${name} cannot replace itself while it lives`, { remedy: ['add --dead, if its host was installed anew'] });
  }
  if (await isOfEtcd(input, name)) return replaceEtcdHost(input, options, host);
  const { joinsFirst } = await lookAhead(input, options, host);
  const after = name === by ? input : withoutHost(input, name);
  const remove = (): Promise<NodeResult> => leaveCluster(input, { ...options, isReplaced: true });
  const join = (): ReturnType<typeof joinOnly> => joinOnly(joinsFirst ? input : after, [by], mode);
  const startedMs = performance.now();
  const joinedFirst = joinsFirst ? await join() : undefined;
  const removed = await remove();
  const joined = joinedFirst ?? (await join());
  const exchanged = joinsFirst ? [...joined.changes, ...removed.changes] : [...removed.changes, ...joined.changes];
  const followed = host.roles.includes('control-plane') ? await followControlPlanes(after, [by], mode) : [];
  return {
    operation: 'node replace',
    cluster: input.spec.name,
    node: name,
    changes: [...exchanged, ...followed],
    next: name === by ? [] : removed.next,
    durationMs: Math.round(performance.now() - startedMs),
  };
}
