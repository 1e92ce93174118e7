import type { ClusterSpec } from '../../config/index.js';
import { NAMESPACES } from '../../constants/index.js';
import type { ObjectRef } from '../../kube/index.js';
import { usesKubeRouter } from '../../versions/index.js';

const RBAC = 'rbac.authorization.k8s.io/v1';

/** flannel's objects; what else there is goes with the namespace. */
const FLANNEL: readonly ObjectRef[] = [
  { apiVersion: 'apps/v1', kind: 'DaemonSet', namespace: NAMESPACES.flannel, name: 'kube-flannel-ds' },
  { apiVersion: 'v1', kind: 'Namespace', name: NAMESPACES.flannel },
  { apiVersion: RBAC, kind: 'ClusterRole', name: 'flannel' },
  { apiVersion: RBAC, kind: 'ClusterRoleBinding', name: 'flannel' },
];

const KUBE_ROUTER_CNI: readonly ObjectRef[] = [
  { apiVersion: 'v1', kind: 'ConfigMap', namespace: NAMESPACES.system, name: 'kube-router-cfg' },
];

const KUBE_ROUTER: readonly ObjectRef[] = [
  { apiVersion: 'apps/v1', kind: 'DaemonSet', namespace: NAMESPACES.system, name: 'kube-router' },
  { apiVersion: 'v1', kind: 'ServiceAccount', namespace: NAMESPACES.system, name: 'kube-router' },
  { apiVersion: RBAC, kind: 'ClusterRole', name: 'kube-router' },
  { apiVersion: RBAC, kind: 'ClusterRoleBinding', name: 'kube-router' },
];

/** Objects of networks and policy engines that the cluster file no longer asks for. */
export function formerNetworkObjects(spec: Pick<ClusterSpec, 'network'>): readonly ObjectRef[] {
  const { type } = spec.network.cni;
  return [
    ...(type === 'flannel' ? [] : FLANNEL),
    ...(usesKubeRouter(spec) ? [] : KUBE_ROUTER),
    ...(type === 'kube-router' ? [] : KUBE_ROUTER_CNI),
  ];
}
