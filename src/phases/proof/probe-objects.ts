import { randomBytes } from 'node:crypto';
import type { KubeApi, KubeObject } from '../../kube/index.js';
import { mapObject, readManifest, withContainers } from '../manifest.js';

/** Label of every namespace a proof makes. */
const PROOF_LABEL = 'kbs.dev/proof';
const NAMESPACE: Readonly<{ apiVersion: string; kind: string }> = { apiVersion: 'v1', kind: 'Namespace' };

/**
 * Name of a proof's namespace. New for each run: a former one may still be going away, and a name server remembers for half
 * a minute that a name did not exist.
 */
export function newProofNamespace(): string {
  return `kbs-proof-${randomBytes(4).toString('hex')}`;
}

/** Namespace, service account, service and probe pods on every node. */
export function probeObjects(namespace: string, image: string): readonly KubeObject[] {
  const objects = mapObject(readManifest('proof'), 'DaemonSet', (daemonSet) => withContainers(daemonSet, { probe: { image } }));
  return objects.map((object) => ({
    ...object,
    metadata: object.kind === 'Namespace' ? { ...object.metadata, name: namespace } : { ...object.metadata, namespace },
  }));
}

/** Makes the probe objects. The service comes first, so that the name server knows it before anybody asks. */
export async function createProbes(api: KubeApi, namespace: string, image: string): Promise<void> {
  const [first, ...others] = probeObjects(namespace, image);
  if (first !== undefined) await api.apply(first);
  const workloads = others.filter(({ kind }) => kind === 'DaemonSet');
  await Promise.all(others.filter(({ kind }) => kind !== 'DaemonSet').map((object) => api.apply(object)));
  await Promise.all(workloads.map((object) => api.apply(object)));
}

/** Takes a proof away: pods at once, the namespace in the background. Fine when parts of it are gone already. */
export async function removeProof(api: KubeApi, namespace: string): Promise<void> {
  // In a namespace that is going away nothing new is made, so the DaemonSet cannot put its pods back.
  await api.delete({ ...NAMESPACE, name: namespace });
  await Promise.all([
    api.deleteAll({ apiVersion: 'apps/v1', kind: 'DaemonSet' }, { namespace, gracePeriodSeconds: 0 }),
    api.deleteAll({ apiVersion: 'v1', kind: 'Pod' }, { namespace, gracePeriodSeconds: 0 }),
  ]);
}

/** Takes away what runs left behind that were killed. */
export async function removeLeftovers(api: KubeApi): Promise<void> {
  const namespaces = await api.list(NAMESPACE, { labelSelector: `${PROOF_LABEL}=true` });
  const left = namespaces.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  await Promise.all(left.map(({ metadata }) => removeProof(api, metadata.name)));
}
