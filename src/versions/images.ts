import { etcdTopology } from '../constants/index.js';
import { KbsError } from '../errors/index.js';
import { flannelRelease, SUPPORTED_FLANNEL, type FlannelRelease } from './releases.js';
import type { ClusterImages, ComponentVersions, VersionRequest } from './types.js';

const DEFAULT_REGISTRY = 'registry.k8s.io';

/** Repositories (without tag) of the images whose path depends on `imageRepository`. */
export interface KubernetesRepositories {
  readonly etcd: string;
  readonly coredns: string;
  readonly pause: string;
  readonly agnhost: string;
}

/** Repositories (without tag) of the images that make a control-plane endpoint. */
export const ENDPOINT_REPOSITORIES = { haproxy: 'docker.io/library/haproxy', kubeVip: 'ghcr.io/kube-vip/kube-vip' } as const;

/** Folder of Calico's images. */
export const CALICO_REPOSITORY = 'docker.io/calico';

/** Nodes above which Calico's nodes ask Typha instead of the API. Source: Calico v3.25, installation. */
export const NODES_WITHOUT_TYPHA = 50;
/** Repository (without tag) of kube-router's image. */
export const KUBE_ROUTER_REPOSITORY = 'docker.io/cloudnativelabs/kube-router';

/** Whether kube-router runs on the nodes: as the pod network, or for policies beside another. */
export function usesKubeRouter({ network }: Pick<VersionRequest, 'network'>): boolean {
  return network.cni.type === 'kube-router' || network.networkPolicy?.engine === 'kube-router';
}

/**
 * In the default registry CoreDNS and agnhost have a folder of their own; a registry named by the user is flat.
 * Source: kubeadm v1.25 images.go (GetDNSImage).
 */
export function kubernetesRepositories(imageRepository: string): KubernetesRepositories {
  const isDefault = imageRepository === DEFAULT_REGISTRY;
  return {
    etcd: `${imageRepository}/etcd`,
    coredns: isDefault ? `${imageRepository}/coredns/coredns` : `${imageRepository}/coredns`,
    pause: `${imageRepository}/pause`,
    agnhost: isDefault ? `${imageRepository}/e2e-test-images/agnhost` : `${imageRepository}/agnhost`,
  };
}

/** Tag of an image's reference: `v0.19.2`. */
export function tagOf(reference: string): string {
  return reference.slice(reference.lastIndexOf(':') + 1);
}

/** @throws KbsError CONFIG_INVALID for a flannel version that kbs does not know */
export function knownFlannelRelease(version: string): FlannelRelease {
  const release = flannelRelease(version);
  if (release === undefined) {
    throw new KbsError('CONFIG_INVALID', `flannel ${version} is not supported: kbs knows ${SUPPORTED_FLANNEL}`, {
      remedy: ['leave out spec.network.cni.version in the cluster file'],
    });
  }
  return release;
}

/**
 * References of all images of a cluster. `imageRepository` is honoured by all but flannel, Calico, kube-router, haproxy and kube-vip, which are not
 * published there.
 * @throws KbsError CONFIG_INVALID for a flannel version that kbs does not know
 */
export function clusterImages(spec: VersionRequest, versions: ComponentVersions): ClusterImages {
  const repositories = kubernetesRepositories(spec.imageRepository);
  const flannel = knownFlannelRelease(versions.flannel);
  const component = (name: string): string => `${spec.imageRepository}/${name}:${versions.kubernetes}`;
  return {
    kubeApiserver: component('kube-apiserver'),
    kubeControllerManager: component('kube-controller-manager'),
    kubeScheduler: component('kube-scheduler'),
    kubeProxy: component('kube-proxy'),
    etcd: `${repositories.etcd}:${versions.etcd}`,
    coredns: `${repositories.coredns}:${versions.coredns}`,
    pause: `${repositories.pause}:${versions.pause}`,
    flannel: `${flannel.repository}:${versions.flannel}`,
    flannelCniPlugin: `${flannel.cniPluginRepository}:${versions.flannelCniPlugin}`,
    calicoNode: `${CALICO_REPOSITORY}/node:${versions.calico}`,
    calicoCni: `${CALICO_REPOSITORY}/cni:${versions.calico}`,
    calicoKubeControllers: `${CALICO_REPOSITORY}/kube-controllers:${versions.calico}`,
    calicoTypha: `${CALICO_REPOSITORY}/typha:${versions.calico}`,
    kubeRouter: `${KUBE_ROUTER_REPOSITORY}:${versions.kubeRouter}`,
    agnhost: `${repositories.agnhost}:${versions.agnhost}`,
    haproxy: `${ENDPOINT_REPOSITORIES.haproxy}:${versions.haproxy}`,
    kubeVip: `${ENDPOINT_REPOSITORIES.kubeVip}:${versions.kubeVip}`,
  };
}

function calicoImages({ hosts = [] }: VersionRequest, images: ClusterImages): readonly string[] {
  const nodes = hosts.filter(({ roles }) => !roles.includes('etcd')).length;
  const { calicoCni, calicoNode, calicoKubeControllers, calicoTypha } = images;
  return [calicoCni, calicoNode, calicoKubeControllers, ...(nodes > NODES_WITHOUT_TYPHA ? [calicoTypha] : [])];
}

/**
 * Images a host must have: what may run there. CoreDNS is in both lists, because its pods go to any node.
 * @param role `control-plane` also for a host that is both
 */
export function imagesFor(role: 'control-plane' | 'worker', spec: VersionRequest, images: ClusterImages): readonly string[] {
  const everywhere = [images.pause, images.kubeProxy, images.coredns, images.agnhost];
  if (spec.network.cni.type === 'flannel') everywhere.push(images.flannelCniPlugin, images.flannel);
  if (spec.network.cni.type === 'calico') everywhere.push(...calicoImages(spec, images));
  if (usesKubeRouter(spec)) everywhere.push(images.kubeRouter);
  const provider = spec.controlPlaneEndpoint?.provider;
  if (role === 'worker') return provider === 'local-lb' ? [images.haproxy, ...everywhere] : everywhere;
  const etcd = etcdTopology(spec) === 'stacked' ? [images.etcd] : [];
  const own = [...etcd, images.kubeApiserver, images.kubeControllerManager, images.kubeScheduler];
  return [...own, ...(provider === 'kube-vip' ? [images.kubeVip] : []), ...everywhere];
}
