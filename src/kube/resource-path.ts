import { KbsError } from '../errors/index.js';
import type { KubeObject, ListOptions, ObjectKind, ObjectRef } from './types.js';

/** Where objects of a kind are in the API. */
export interface Resource {
  /** Plural name as in paths. */
  readonly plural: string;
  readonly namespaced: boolean;
}

const CLUSTER = false;
const NAMESPACED = true;

/** Kinds kbs uses, so that no discovery is needed for them. Source: kubectl api-resources of v1.25. */
const KNOWN: Readonly<Record<string, readonly [plural: string, namespaced: boolean]>> = {
  'v1 ConfigMap': ['configmaps', NAMESPACED],
  'v1 Endpoints': ['endpoints', NAMESPACED],
  'v1 Event': ['events', NAMESPACED],
  'v1 Namespace': ['namespaces', CLUSTER],
  'v1 Node': ['nodes', CLUSTER],
  'v1 Pod': ['pods', NAMESPACED],
  'v1 Secret': ['secrets', NAMESPACED],
  'v1 Service': ['services', NAMESPACED],
  'v1 ServiceAccount': ['serviceaccounts', NAMESPACED],
  'apps/v1 DaemonSet': ['daemonsets', NAMESPACED],
  'apps/v1 Deployment': ['deployments', NAMESPACED],
  'apps/v1 ReplicaSet': ['replicasets', NAMESPACED],
  'apps/v1 StatefulSet': ['statefulsets', NAMESPACED],
  'batch/v1 Job': ['jobs', NAMESPACED],
  'certificates.k8s.io/v1 CertificateSigningRequest': ['certificatesigningrequests', CLUSTER],
  'coordination.k8s.io/v1 Lease': ['leases', NAMESPACED],
  'discovery.k8s.io/v1 EndpointSlice': ['endpointslices', NAMESPACED],
  'policy/v1 PodDisruptionBudget': ['poddisruptionbudgets', NAMESPACED],
  'rbac.authorization.k8s.io/v1 ClusterRole': ['clusterroles', CLUSTER],
  'rbac.authorization.k8s.io/v1 ClusterRoleBinding': ['clusterrolebindings', CLUSTER],
  'rbac.authorization.k8s.io/v1 Role': ['roles', NAMESPACED],
  'rbac.authorization.k8s.io/v1 RoleBinding': ['rolebindings', NAMESPACED],
};

/** The table's entry for a kind; undefined when the API has to be asked. */
export function knownResource({ apiVersion, kind }: ObjectKind): Resource | undefined {
  const entry = KNOWN[`${apiVersion} ${kind}`];
  return entry && { plural: entry[0], namespaced: entry[1] };
}

/** Path of a group's version: `/api/v1`, `/apis/apps/v1`. */
export function groupPath(apiVersion: string): string {
  return apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
}

/** Path of all objects of a kind, in one namespace or everywhere. */
export function collectionPath({ apiVersion }: ObjectKind, { plural, namespaced }: Resource, namespace?: string): string {
  const middle = namespaced && namespace !== undefined ? `/namespaces/${encodeURIComponent(namespace)}` : '';
  return `${groupPath(apiVersion)}${middle}/${plural}`;
}

/** Path of one object. @throws KbsError INTERNAL when a namespaced object has no namespace */
export function objectPath(ref: ObjectRef, resource: Resource): string {
  if (resource.namespaced && ref.namespace === undefined) throw new KbsError('INTERNAL', `${ref.kind} ${ref.name} needs a namespace`);
  return `${collectionPath(ref, resource, ref.namespace)}/${encodeURIComponent(ref.name)}`;
}

/** The query of a list, with its question mark; empty when there is none. */
export function listQuery({ labelSelector, fieldSelector }: ListOptions): string {
  const query = new URLSearchParams();
  if (labelSelector !== undefined) query.set('labelSelector', labelSelector);
  if (fieldSelector !== undefined) query.set('fieldSelector', fieldSelector);
  return query.size === 0 ? '' : `?${query.toString()}`;
}

/** For messages: `ConfigMap kube-system/coredns`, `Node w1`. */
export function describeRef({ kind, name, namespace }: ObjectRef): string {
  return `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`;
}

/** The reference of an object. */
export function refOf({ apiVersion, kind, metadata: { name, namespace } }: KubeObject): ObjectRef {
  return { apiVersion, kind, name, ...(namespace === undefined ? {} : { namespace }) };
}
