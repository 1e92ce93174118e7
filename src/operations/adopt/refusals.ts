import { PATHS, PORTS } from '../../constants/index.js';
import { KbsError } from '../../errors/index.js';
import { CLUSTER_NAME } from '../../phases/index.js';
import { isSupportedKubernetes, SUPPORTED_KUBERNETES } from '../../versions/index.js';
import { fieldsAt, isFields, textAt } from '../config-fields.js';
import type { FoundCluster, FoundNode } from './found-cluster.js';

const CONTAINERD_SOCKETS = [`unix://${PATHS.containerdSocket}`, PATHS.containerdSocket, 'unix:///run/containerd/containerd.sock'];

function nodeProblems(node: FoundNode, { staticPods, cluster }: FoundCluster): readonly string[] {
  const problems: string[] = [];
  if (node.address === undefined) problems.push(`node ${node.name} has no IPv4 address`);
  if (node.kubeletVersion !== cluster['kubernetesVersion']) {
    problems.push(
      `the kubelet of ${node.name} is ${node.kubeletVersion}, the cluster ${String(cluster['kubernetesVersion'])}: finish the upgrade first`,
    );
  }
  if (node.criSocket === undefined || !CONTAINERD_SOCKETS.includes(node.criSocket)) {
    problems.push(
      `the container runtime of ${node.name} is at ${node.criSocket ?? 'no known socket'}; kbs adopt takes over nodes with containerd only`,
    );
  }
  if (!node.isControlPlane) return problems;
  const advertised = staticPods.get(`kube-apiserver ${node.name}`);
  if (advertised === undefined) problems.push(`there is no static pod kube-apiserver-${node.name}: is the control plane whole?`);
  else if (!advertised.endsWith(`:${PORTS.apiServer}`))
    problems.push(`the API server of ${node.name} is at ${advertised}; kbs has it at port ${PORTS.apiServer}`);
  else if (!advertised.startsWith(`${node.address ?? ''}:`))
    problems.push(`the API server of ${node.name} is at ${advertised}, the node at ${node.address ?? ''}`);
  if (!staticPods.has(`etcd ${node.name}`)) problems.push(`there is no static pod etcd-${node.name}: etcd is elsewhere`);
  return problems;
}

/** Everything why a cluster cannot be taken over; empty when it can. Pure. */
export function adoptProblems(found: FoundCluster): readonly string[] {
  const { cluster, kubeProxy, nodes } = found;
  const networking = fieldsAt(cluster, 'networking');
  const version = textAt(cluster, 'kubernetesVersion') ?? '';
  const problems: string[] = [];
  if (!isSupportedKubernetes(version)) problems.push(`it is Kubernetes ${version}; kbs looks after ${SUPPORTED_KUBERNETES}`);
  if (isFields(fieldsAt(cluster, 'etcd')['external'])) problems.push('its etcd is external');
  const certificates = textAt(cluster, 'certificatesDir');
  if (certificates !== undefined && certificates !== PATHS.pkiDir)
    problems.push(`its certificates are in ${certificates}, not in ${PATHS.pkiDir}`);
  const name = textAt(cluster, 'clusterName');
  if (name !== undefined && name !== CLUSTER_NAME) problems.push(`its clusterName is ${name}; kbs has ${CLUSTER_NAME} in all kubeconfigs`);
  for (const key of ['podSubnet', 'serviceSubnet']) {
    const subnet = textAt(networking, key);
    if (subnet?.includes(',') === true || subnet?.includes(':') === true)
      problems.push(`its ${key} is ${subnet}; kbs makes one IPv4 subnet`);
  }
  if (textAt(networking, 'podSubnet') === undefined) problems.push('it has no podSubnet: nodes get no addresses for their pods');
  const mode = kubeProxy === undefined ? undefined : (textAt(kubeProxy, 'mode') ?? 'iptables');
  if (mode === undefined) problems.push('it has no kube-proxy');
  else if (mode !== 'iptables') problems.push(`its kube-proxy is in mode ${mode}`);
  if (!nodes.some(({ isControlPlane }) => isControlPlane)) problems.push('none of its nodes is labelled as a control plane');
  return [...problems, ...nodes.flatMap((node) => nodeProblems(node, found))];
}

/** @throws KbsError ADOPT_REFUSED with every reason */
export function refuseUnadoptable(found: FoundCluster): void {
  const problems = adoptProblems(found);
  if (problems.length === 0) return;
  throw new KbsError(
    'ADOPT_REFUSED',
    `this cluster cannot be taken over: ${problems.length === 1 ? (problems[0] ?? '') : `${problems.length} reasons`}`,
    {
      details: problems,
      remedy: ['nothing was changed; kubeadm goes on looking after it'],
    },
  );
}
