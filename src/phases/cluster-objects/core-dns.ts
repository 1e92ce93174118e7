import { CONFIG_MAPS, NAMESPACES } from '../../constants/index.js';
import type { FieldPath, KubeObject } from '../../kube/index.js';
import { configMap, mapObject, readManifest, withContainers, withSpec } from '../manifest.js';

/** What CoreDNS's objects are made from. */
export interface CoreDnsInput {
  readonly image: string;
  readonly corefile: string;
  /** The tenth address of the service subnet, which every kubelet gives its pods as name server. */
  readonly clusterDns: string;
}

/** Everything CoreDNS needs, as kubeadm v1.25 has it. Pure but for reading the manifest. */
export function coreDnsObjects({ image, corefile, clusterDns }: CoreDnsInput): readonly KubeObject[] {
  const withService = mapObject(readManifest('coredns'), 'Service', (service) => withSpec(service, { clusterIP: clusterDns }));
  const objects = mapObject(withService, 'Deployment', (deployment) => withContainers(deployment, { coredns: { image } }));
  return [...objects, configMap({ name: CONFIG_MAPS.coreDns, namespace: NAMESPACES.system }, { Corefile: corefile })];
}

/** A container in a Deployment. */
const CONTAINER = ['spec', 'template', 'spec', 'containers', { name: 'coredns' }] as const;

/** What operators make their own and kubeadm keeps too: a Corefile with their zones, a number of replicas. And how often kubeadm asks. */
export function coreDnsKeptFields({ kind }: KubeObject): readonly FieldPath[] {
  if (kind === 'ConfigMap') return [['data', 'Corefile']];
  if (kind !== 'Deployment') return [];
  const asked = ['periodSeconds', 'failureThreshold'].map((field): FieldPath => [...CONTAINER, 'readinessProbe', field]);
  return [['spec', 'replicas'], ...asked];
}
