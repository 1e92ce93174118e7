import { controlPlanes, endpointProvider, nodeHosts, type ClusterSpec, type HostSpec } from '../config/index.js';
import type { Change, Phase } from '../engine/index.js';
import { joinedNodesPhase, loadBalancersPhase, type RunContext } from '../phases/index.js';
import { disconnect, openRunContext, runPhases, tryTargets, type ClusterInput } from './cluster-run.js';
import { withReachedCluster, type ReachedCluster } from './reached-cluster.js';

/** Read from top to bottom. The nodes have their labels: nothing is waited for. */
const PHASES: readonly Phase<RunContext>[] = [loadBalancersPhase, { ...joinedNodesPhase, waitsFor: [] }];

/** Hosts whose load balancer names the control planes: the workers with local-lb, the control planes with keepalived. */
function balancedHosts(spec: ClusterSpec): readonly HostSpec[] {
  const provider = endpointProvider(spec);
  if (provider === 'local-lb') return nodeHosts(spec).filter(({ roles }) => !roles.includes('control-plane'));
  return provider === 'keepalived' ? controlPlanes(spec) : [];
}

async function follow(
  input: ClusterInput,
  candidates: readonly HostSpec[],
  { api, helpers }: ReachedCluster,
  mode: 'apply' | 'plan',
): Promise<readonly Change[]> {
  // A host of the file that is no node yet gets everything when it joins.
  const nodes = new Set((await api.list({ apiVersion: 'v1', kind: 'Node' })).map(({ metadata }) => metadata.name));
  const known = candidates.filter(({ name }) => nodes.has(name));
  const connected = helpers.filter((helper) => known.some(({ name }) => name === helper.name));
  const missing = known.filter(({ name }) => !connected.some((host) => host.name === name));
  const { hosts: reached, failures } = await tryTargets(input, missing);
  for (const { message, remedy } of failures)
    input.bus.emit({ type: 'warning', message: `${message}; its load balancer follows with the next kbs apply`, remedy });
  try {
    const hosts = { targets: [...connected, ...reached], helpers: helpers.filter((helper) => !connected.includes(helper)) };
    const context = await openRunContext(input, hosts, false);
    return (await runPhases(input, { operation: 'load balancers', phases: PHASES, context, hosts, mode })).changes;
  } finally {
    await disconnect({ targets: reached, helpers: [] });
  }
}

/**
 * After control planes came or went: the load balancers of the nodes that stay follow the cluster file. A node that cannot be reached is
 * told of, and follows with the next apply. Nothing is done where phases were chosen by name, and where no load balancer is kbs's own.
 * @param changed Hosts that are left alone: those that have just been worked on.
 * @throws KbsError SSH_UNREACHABLE when no control plane answers, and what phases throw
 */
export async function followControlPlanes(
  input: ClusterInput,
  changed: readonly string[],
  mode: 'apply' | 'plan',
): Promise<readonly Change[]> {
  const candidates = balancedHosts(input.spec).filter(({ name }) => !changed.includes(name));
  if (candidates.length === 0 || input.onlyPhases !== undefined || input.skipPhases !== undefined) return [];
  return withReachedCluster(input, controlPlanes(input.spec), (cluster) => follow(input, candidates, cluster, mode));
}
