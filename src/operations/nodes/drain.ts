import { controlPlanes } from '../../config/index.js';
import type { Phase } from '../../engine/index.js';
import { cordonPhase, drainPhase, uncordonPhase, type DrainContext } from '../../phases/index.js';
import { runPhases, type ClusterInput } from '../cluster-run.js';
import { unknownNode, type NodeResult } from './leaving.js';
import { withReachedCluster } from '../reached-cluster.js';

/** `kbs node drain`, `cordon`, `uncordon`. */
export interface DrainNodeOptions {
  readonly operation: 'node drain' | 'node cordon' | 'node uncordon';
  readonly name: string;
  readonly drainTimeoutMs: number;
  readonly force: boolean;
  readonly mode: 'apply' | 'plan';
}

const PHASES: Readonly<Record<DrainNodeOptions['operation'], readonly Phase<DrainContext>[]>> = {
  'node drain': [cordonPhase, drainPhase],
  'node cordon': [cordonPhase],
  'node uncordon': [uncordonPhase],
};

/** Empties a node, keeps new pods off it, or lets them come again; nothing is done on its host. @throws KbsError USAGE, DRAIN_BLOCKED */
export async function drainClusterNode(input: ClusterInput, options: DrainNodeOptions): Promise<NodeResult> {
  const { operation, name, mode, drainTimeoutMs, force } = options;
  return withReachedCluster(input, controlPlanes(input.spec), async ({ api, helpers }) => {
    const nodes = await api.list({ apiVersion: 'v1', kind: 'Node' });
    if (!nodes.some(({ metadata }) => metadata.name === name)) throw unknownNode(name, nodes);
    const context: DrainContext = { cluster: api, node: name, drainTimeoutMs, force };
    const hosts = { targets: [], helpers };
    const { changes, durationMs } = await runPhases(input, { operation, phases: PHASES[operation], context, hosts, mode });
    return { operation, cluster: input.spec.name, node: name, changes, next: [], durationMs };
  });
}
