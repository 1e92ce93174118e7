import { script } from '../../host/index.js';
import type { KubeApi, ObjectKind } from '../../kube/index.js';
import type { VerifyHost, VerifyProfile } from './types.js';

/** Label of everything a verification makes that does not live in a namespace, and of its namespaces; the value is the run. */
export const VERIFY_LABEL = 'kbs.dev/verify';
/** Where volumes of a verification are on hosts: this and the name of the run. */
export const VOLUME_ROOT = '/var/tmp/kbs-verify-volumes';

const NAMESPACE: ObjectKind = { apiVersion: 'v1', kind: 'Namespace' };
const CUSTOM: ObjectKind = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' };
const VOLUME: ObjectKind = { apiVersion: 'v1', kind: 'PersistentVolume' };
/** Whatever makes pods: gone before its pods are. */
const WORKLOADS: readonly ObjectKind[] = [
  ...['DaemonSet', 'Deployment', 'StatefulSet', 'ReplicaSet'].map((kind) => ({ apiVersion: 'apps/v1', kind })),
  ...['CronJob', 'Job'].map((kind) => ({ apiVersion: 'batch/v1', kind })),
];

/** Takes one namespace away: pods at once, the rest in the background. Fine when parts of it are gone already. */
export async function removeNamespace(api: KubeApi, namespace: string, profile: VerifyProfile): Promise<void> {
  const workloads = profile === 'full' ? WORKLOADS : WORKLOADS.filter(({ kind }) => kind === 'DaemonSet');
  // In a namespace that is going away nothing new is made, so no workload can put its pods back.
  await api.delete({ ...NAMESPACE, name: namespace });
  await Promise.all(workloads.map((kind) => api.deleteAll(kind, { namespace, gracePeriodSeconds: 0 })));
  await api.deleteAll({ apiVersion: 'v1', kind: 'Pod' }, { namespace, gracePeriodSeconds: 0 });
}

/** Names of everything of verifications that is still there. */
export async function findLeftovers(api: KubeApi): Promise<readonly string[]> {
  const lists = await Promise.all([CUSTOM, NAMESPACE, VOLUME].map((kind) => api.list(kind, { labelSelector: VERIFY_LABEL })));
  return lists.flat().map(({ kind, metadata }) => `${kind} ${metadata.name}`);
}

/** Takes away everything that verifications made, this run's and what runs left behind that were killed. Does not wait for the end. */
export async function removeVerifications(api: KubeApi, hosts: readonly VerifyHost[]): Promise<void> {
  const [custom, namespaces, volumes] = await Promise.all(
    [CUSTOM, NAMESPACE, VOLUME].map((kind) => api.list(kind, { labelSelector: VERIFY_LABEL })),
  );
  await Promise.all([
    ...(custom ?? []).map(({ metadata: { name } }) => api.delete({ ...CUSTOM, name })),
    ...(namespaces ?? []).map(({ metadata: { name } }) => removeNamespace(api, name, 'full')),
  ]);
  await Promise.all((volumes ?? []).map(({ metadata: { name } }) => api.delete({ ...VOLUME, name })));
  await Promise.all(hosts.map((host) => host.run(script('rm -rf -- "$DIR"', { DIR: VOLUME_ROOT }))));
}
