import { CONFIG_MAPS, NAMESPACES } from '../../constants/index.js';
import type { KubeObject } from '../../kube/index.js';
import { configMap, mapObject, readManifest, withContainers } from '../manifest.js';
import { componentConfigAnnotation } from '../component-config-hash.js';

/** What kube-proxy's objects are made from. */
export interface KubeProxyInput {
  readonly image: string;
  /** KubeProxyConfiguration. */
  readonly config: string;
  /** kubeconfig with the control-plane endpoint. */
  readonly kubeconfig: string;
  /** Whether the user changed anything of the configuration: then it is not kubeadm's to upgrade. */
  readonly isUserSupplied: boolean;
}

/** kube-proxy's ConfigMap. Pure. */
export function kubeProxyConfigMap({ config, kubeconfig, isUserSupplied }: KubeProxyInput): KubeObject {
  const data = { 'config.conf': config, 'kubeconfig.conf': kubeconfig };
  return configMap(
    {
      name: CONFIG_MAPS.kubeProxy,
      namespace: NAMESPACES.system,
      labels: { app: 'kube-proxy' },
      ...componentConfigAnnotation(data, isUserSupplied),
    },
    data,
  );
}

/** Everything kube-proxy needs, as kubeadm v1.25 has it. Pure but for reading the manifest. */
export function kubeProxyObjects(input: KubeProxyInput): readonly KubeObject[] {
  const objects = mapObject(readManifest('kube-proxy'), 'DaemonSet', (daemonSet) =>
    withContainers(daemonSet, { 'kube-proxy': { image: input.image } }),
  );
  return [...objects, kubeProxyConfigMap(input)];
}
