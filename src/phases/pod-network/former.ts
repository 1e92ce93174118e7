import { nodeHosts, type ClusterSpec } from '../../config/index.js';
import { CALICO_CONFIG_MAP, FLANNEL_DAEMON_SET, NAMESPACES } from '../../constants/index.js';
import { refOf, type ObjectRef } from '../../kube/index.js';
import { usesKubeRouter } from '../../versions/index.js';
import { calicoDefinitions } from './calico-crds.js';
import { typhaReplicasFor } from './calico.js';

const RBAC = 'rbac.authorization.k8s.io/v1';

/** flannel's objects; what else there is goes with the namespace. */
const FLANNEL: readonly ObjectRef[] = [
  { apiVersion: 'apps/v1', kind: 'DaemonSet', namespace: NAMESPACES.flannel, name: FLANNEL_DAEMON_SET },
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

const TYPHA: readonly ObjectRef[] = [
  { apiVersion: 'apps/v1', kind: 'Deployment', namespace: NAMESPACES.system, name: 'calico-typha' },
  { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', namespace: NAMESPACES.system, name: 'calico-typha' },
  { apiVersion: 'v1', kind: 'Service', namespace: NAMESPACES.system, name: 'calico-typha' },
];

const CALICO_ACCOUNTS = ['calico-node', 'calico-kube-controllers'] as const;

/** Calico's objects; what it keeps in kinds of its own goes with their definitions. */
const CALICO: readonly ObjectRef[] = [
  { apiVersion: 'apps/v1', kind: 'DaemonSet', namespace: NAMESPACES.system, name: 'calico-node' },
  { apiVersion: 'apps/v1', kind: 'Deployment', namespace: NAMESPACES.system, name: 'calico-kube-controllers' },
  { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', namespace: NAMESPACES.system, name: 'calico-kube-controllers' },
  ...TYPHA,
  { apiVersion: 'v1', kind: 'ConfigMap', namespace: NAMESPACES.system, name: CALICO_CONFIG_MAP },
  ...CALICO_ACCOUNTS.flatMap((name) => [
    { apiVersion: 'v1', kind: 'ServiceAccount', namespace: NAMESPACES.system, name },
    { apiVersion: RBAC, kind: 'ClusterRole', name },
    { apiVersion: RBAC, kind: 'ClusterRoleBinding', name },
  ]),
  ...calicoDefinitions().map((definition) => refOf(definition)),
];

function formerCalico({ network, hosts }: Pick<ClusterSpec, 'network' | 'hosts'>): readonly ObjectRef[] {
  if (network.cni.type !== 'calico') return CALICO;
  return typhaReplicasFor(nodeHosts({ hosts }).length) > 0 ? [] : TYPHA;
}

/** Objects of networks and policy engines that the cluster file no longer asks for. */
export function formerNetworkObjects(spec: Pick<ClusterSpec, 'network' | 'hosts'>): readonly ObjectRef[] {
  const { type } = spec.network.cni;
  return [
    ...(type === 'flannel' ? [] : FLANNEL),
    ...formerCalico(spec),
    ...(usesKubeRouter(spec) ? [] : KUBE_ROUTER),
    ...(type === 'kube-router' ? [] : KUBE_ROUTER_CNI),
  ];
}
