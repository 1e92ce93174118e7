import semver from 'semver';

/** The Kubernetes minor kbs makes clusters of, and its last patch. */
const KUBERNETES_MINOR = '1.25';
/** Source: the v1.25 release branch ended with 1.25.16 (2023-11-16). */
const KUBERNETES_LAST_PATCH = 16;
/** In words, for messages. */
export const SUPPORTED_KUBERNETES = `v${KUBERNETES_MINOR}.0 to v${KUBERNETES_MINOR}.${KUBERNETES_LAST_PATCH}`;

/** Tags of the images that belong to one Kubernetes patch. */
export interface KubernetesRelease {
  readonly etcd: string;
  readonly coredns: string;
  readonly pause: string;
}

/** First patch of v1.25 that came with each etcd. Source: kubeadm v1.25 constants.go, per patch. */
const ETCD_SINCE_PATCH = [
  [15, '3.5.9-0'],
  [5, '3.5.6-0'],
  [4, '3.5.5-0'],
  [0, '3.5.4-0'],
] as const;

/** Whether kbs can make a cluster of this version (`v1.25.0` … `v1.25.16`). */
export function isSupportedKubernetes(version: string): boolean {
  const match = /^v1\.25\.(0|[1-9]\d*)$/.exec(version);
  return match !== null && Number(match[1]) <= KUBERNETES_LAST_PATCH;
}

/** Tags of etcd, CoreDNS and pause that kubeadm pairs with a Kubernetes v1.25 patch; undefined for any other version. */
export function kubernetesRelease(version: string): KubernetesRelease | undefined {
  if (!isSupportedKubernetes(version)) return undefined;
  const patch = semver.patch(version);
  const etcd = ETCD_SINCE_PATCH.find(([since]) => patch >= since);
  return etcd === undefined ? undefined : { etcd: etcd[1], coredns: 'v1.9.3', pause: '3.8' };
}

/** Images of one flannel release. */
export interface FlannelRelease {
  /** Repository without tag; the tag is the flannel version. */
  readonly repository: string;
  readonly cniPluginRepository: string;
  readonly cniPluginTag: string;
}

const RANCHER = 'docker.io/rancher/mirrored-flannelcni-flannel';
const FLANNEL = 'docker.io/flannel/flannel';

/** Newest flannel first. Source: kube-flannel.yml at each tag. */
const FLANNEL_SINCE = [
  ['0.22.1', { repository: FLANNEL, cniPluginRepository: `${FLANNEL}-cni-plugin`, cniPluginTag: 'v1.2.0' }],
  ['0.21.0', { repository: FLANNEL, cniPluginRepository: `${FLANNEL}-cni-plugin`, cniPluginTag: 'v1.1.2' }],
  ['0.19.1', { repository: RANCHER, cniPluginRepository: `${RANCHER}-cni-plugin`, cniPluginTag: 'v1.1.0' }],
] as const;

/** In words, for messages. */
export const SUPPORTED_FLANNEL = 'v0.19.1 to v0.22.3';

/** Images of a flannel version (`v0.22.3`); undefined for one that kbs does not know. */
export function flannelRelease(version: string): FlannelRelease | undefined {
  if (!version.startsWith('v') || semver.valid(version) === null) return undefined;
  if (semver.gt(version, '0.22.3')) return undefined;
  return FLANNEL_SINCE.find(([since]) => semver.gte(version, since))?.[1];
}

/** Versions kbs takes unless the cluster file or the catalogue in force says otherwise. */
export const DEFAULT_VERSIONS = {
  containerd: '1.6.28',
  runc: '1.1.12',
  criDockerd: '0.3.4',
  /** The last release of CRI-O 1.25 with a published digest. */
  crio: '1.25.4',
  cniPlugins: '1.3.0',
  crictl: '1.25.0',
  flannel: 'v0.22.3',
  /** Source: the release of Calico 3.25 that was seen working with Kubernetes 1.25. */
  calico: 'v3.25.2',
  /** The last release of gVisor with published digests of its time. */
  gvisor: '20230807',
  /**
   * Built with containerd 1.6.8, and its shim takes the options of containerd 1.6 and 1.7 as well as those of CRI-O 1.25.
   * Source: src/runtime/go.mod and containerd-shim-v2/create.go of that release.
   */
  kata: '3.1.3',
  /** Runs with the API of Kubernetes v1.25, and routes without encapsulation need no more of it. */
  kubeRouter: 'v1.3.2',
  /** Source: test/utils/image/manifest.go at v1.25.0. */
  agnhost: '2.40',
  /** Source: Docker Hub's official image, the release that Debian 12 has, too. */
  haproxy: '2.6.12',
  /** Source: the last release of kube-vip 0.5. */
  kubeVip: 'v0.5.12',
} as const;
