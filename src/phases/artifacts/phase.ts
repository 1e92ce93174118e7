import type { ArtifactRequest } from '../../bundle/index.js';
import { step, type Phase } from '../../engine/index.js';
import type { Host } from '../../host/index.js';
import type { KubeObject } from '../../kube/index.js';
import { imagesFor, type ArtifactName } from '../../versions/index.js';
import { runtimeOf } from '../container-runtime/index.js';
import { isControlPlane, isEtcdHost, type RunContext } from '../context.js';
import { customNetworkImages } from '../pod-network/index.js';

type Slice = Pick<RunContext, 'spec' | 'artifacts' | 'versions' | 'images'>;

/**
 * Everything the given hosts need, each thing once per architecture.
 * @param network objects of the user's own pod network
 */
export function artifactRequests(context: Slice, hosts: readonly Host[], network: readonly KubeObject[] = []): readonly ArtifactRequest[] {
  const requests = new Map<string, ArtifactRequest>();
  const add = (request: ArtifactRequest): void => void requests.set(JSON.stringify(request), request);
  for (const host of hosts) {
    const architecture = host.facts.architecture;
    const file = (name: ArtifactName, version: string): void => add({ kind: 'file', name, version, architecture });
    if (isEtcdHost(host)) {
      file('etcd', context.versions.etcdRelease);
      continue;
    }
    file('kubelet', context.versions.kubernetes);
    if (isControlPlane(host)) file('kubectl', context.versions.kubernetes);
    file('crictl', context.versions.crictl);
    file('cni-plugins', context.versions.cniPlugins);
    for (const { name, version } of runtimeOf(context.spec, host).artifacts(context.versions)) file(name, version);
    if (Object.keys(context.artifacts.catalogue.images).length === 0) continue;
    const role = isControlPlane(host) ? 'control-plane' : 'worker';
    const references = [...imagesFor(role, context.spec, context.images), ...customNetworkImages(network, context.artifacts, architecture)];
    for (const reference of references) add({ kind: 'images', reference, architecture });
  }
  return [...requests.values()];
}

/** Downloads and checks everything before the first host is changed: a wrong digest stops the run here. */
export const artifactsPhase: Phase<Slice & Pick<RunContext, 'hosts' | 'customNetwork'>> = {
  name: 'artifacts',
  title: 'Fetch and check artifacts',
  summary: 'downloads what the hosts need into the cache of this machine and checks every digest; touches no host',
  on: 'cluster',
  after: [],
  steps: (context) => [
    step<undefined>({
      id: 'artifacts/fetch',
      title: 'Fetch and check every artifact',
      timeoutMs: 3_600_000,
      // The store has its own patience with servers.
      tries: 1,
      // A file in the cache of this machine is no change of the cluster: it is fetched for a plan too, which so tells of wrong digests.
      probe: async () => {
        await context.artifacts.prefetch(artifactRequests(context, context.hosts, await context.customNetwork()));
        return undefined;
      },
      plan: () => ({ change: 'none' }),
      apply: () => Promise.resolve(),
      verify: () => Promise.resolve(),
    }),
  ],
};
