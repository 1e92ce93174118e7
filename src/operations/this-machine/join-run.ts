import type { ClusterSpec } from '../../config/index.js';
import type { Phase } from '../../engine/index.js';
import { KbsError } from '../../errors/index.js';
import type { Host } from '../../host/index.js';
import type { KubeAccess } from '../../kube/index.js';
import type { NodeSource, RunContext } from '../../phases/index.js';
import { clusterImages, resolveVersions } from '../../versions/index.js';
import { connectTargets, disconnect, openArtifacts, runPhases } from '../cluster-run.js';
import type { ConvergeResult } from '../converge.js';
import { createCustomNetworkSource } from '../custom-network.js';
import { createRegistryCredentialsSource } from '../registry-credentials.js';
import { checkName, type Found, type JoinHereOptions } from './found.js';
import { inputFor } from './run.js';

/** What every machine that joins by itself works with: the endpoint and the proof are the cluster's, not its own. */
export type JoinContext = Omit<RunContext, 'pki' | 'proof' | 'etcd' | 'controlPlanes' | 'memberHosts' | 'mayFound' | 'vrrp'>;

/** What is different for a worker and for a control plane. */
export interface JoinRun<Context extends JoinContext> {
  readonly phases: readonly Phase<Context>[];
  readonly node: NodeSource;
  /** The API as this machine reaches it. */
  readonly openKube: (host: Host) => KubeAccess;
  /** What else the phases get; asked when it is certain that the machine's name is its own. */
  readonly complete: (context: JoinContext, host: Host) => Promise<Context>;
}

/** Joins this machine with phases. @throws KbsError USAGE for a name that is taken, and whatever the phases throw */
export async function runJoin<Context extends JoinContext>(
  options: JoinHereOptions,
  spec: ClusterSpec,
  found: Found,
  { phases, node, openKube, complete }: JoinRun<Context>,
): Promise<ConvergeResult> {
  const input = inputFor(options, spec);
  const { ignorePreflight, now } = input;
  const targets = await connectTargets(input, spec.hosts);
  const [host] = targets;
  if (host === undefined) throw new KbsError('INTERNAL', 'this machine is not among the hosts');
  const kube = openKube(host);
  try {
    await checkName(options, host, node, found);
    const artifacts = await openArtifacts(input, host.name);
    const versions = resolveVersions(spec, artifacts.catalogue);
    const images = clusterImages(spec, versions);
    const registryCredentials = createRegistryCredentialsSource(spec, input.bus);
    const customNetwork = createCustomNetworkSource(spec);
    const context = Object.freeze(
      await complete(
        {
          spec,
          hosts: targets,
          artifacts,
          versions,
          images,
          registryCredentials,
          customNetwork,
          node,
          kube,
          ignorePreflight,
          mayChangeRuntime: false,
          now,
        },
        host,
      ),
    );
    const hosts = { targets, helpers: [] };
    const result = await runPhases(input, { operation: 'join', phases, context, hosts, mode: options.mode });
    return { operation: 'join', cluster: spec.name, hosts: [host.name], ...result, proof: [], notInFile: [] };
  } finally {
    await kube.close();
    await disconnect({ targets, helpers: [] });
  }
}
