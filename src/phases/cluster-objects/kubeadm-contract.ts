import { CONFIG_MAPS, NAMESPACES, POD_NETWORK_ANNOTATION } from '../../constants/index.js';
import type { KubeObject } from '../../kube/index.js';
import { componentConfigAnnotation } from '../component-config-hash.js';
import { configMap, readManifest } from '../manifest.js';

/** Texts of the ConfigMaps that kubeadm reads. */
export interface KubeadmContractInput {
  /** ClusterConfiguration, v1beta3. */
  readonly clusterConfiguration: string;
  /** KubeletConfiguration that is good for every node. */
  readonly kubeletConfig: string;
  /** Whether the user changed anything of it: then it is not kubeadm's to upgrade. */
  readonly isKubeletConfigUserSupplied: boolean;
  /** Pod network kbs makes, as nodes that join with a token are told: `flannel v0.22.3`; absent: another's. */
  readonly podNetwork?: string;
  /** kubeconfig with server and CA and without a user. */
  readonly clusterInfo: string;
}

/**
 * What `kubeadm join`, `upgrade`, `certs` and `reset` read, and the rights they need for it.
 * The signatures in cluster-info are the controller manager's work: it has its own fields there.
 */
export function kubeadmContractObjects(input: KubeadmContractInput): readonly KubeObject[] {
  const kubelet = { kubelet: input.kubeletConfig };
  return [
    configMap(
      {
        name: CONFIG_MAPS.kubeadmConfig,
        namespace: NAMESPACES.system,
        ...(input.podNetwork === undefined ? {} : { annotations: { [POD_NETWORK_ANNOTATION]: input.podNetwork } }),
      },
      { ClusterConfiguration: input.clusterConfiguration },
    ),
    configMap(
      {
        name: CONFIG_MAPS.kubeletConfig,
        namespace: NAMESPACES.system,
        ...componentConfigAnnotation(kubelet, input.isKubeletConfigUserSupplied),
      },
      kubelet,
    ),
    configMap({ name: CONFIG_MAPS.clusterInfo, namespace: NAMESPACES.public }, { kubeconfig: input.clusterInfo }),
    ...readManifest('bootstrap'),
  ];
}
