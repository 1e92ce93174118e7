import type { RuntimeRequest } from '../constants/index.js';

/** Artifacts that kbs puts on hosts, by the names used in catalogues. */
export const ARTIFACT_NAMES = [
  'kubelet',
  'kubectl',
  'kubeadm',
  'crictl',
  'cni-plugins',
  'containerd',
  'runc',
  'cri-dockerd',
  'cri-o',
  'etcd',
  'runsc',
  'containerd-shim-runsc-v1',
  'kata-containers',
] as const;

/** Name of an artifact as it stands in a catalogue. */
export type ArtifactName = (typeof ARTIFACT_NAMES)[number];

/** One artifact of a catalogue in all its versions. */
export interface CatalogueArtifact {
  /** Official URL with `{version}` and `{arch}`, or `{machine}` as `uname -m` says it, to be filled in. */
  readonly url: string;
  /** version (without a leading v) → architecture → lower-case hex sha256. */
  readonly sha256: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** An image of a catalogue and the archive that holds it; several images may share one archive. */
export interface CatalogueImage {
  /** Path below the bundle folder or the mirror's base URL, with `{arch}` to be filled in. */
  readonly url: string;
  /** architecture → lower-case hex sha256 of the archive. */
  readonly sha256: Readonly<Record<string, string>>;
}

/** What can be had, and the digest it must have: the content of a `checksums.json`. */
export interface Catalogue {
  /** For messages: "kbs's built-in catalogue", a file or a URL. */
  readonly source: string;
  readonly artifacts: Readonly<Partial<Record<ArtifactName, CatalogueArtifact>>>;
  /** Full image reference → its archive. Empty: hosts pull images from registries. */
  readonly images: Readonly<Record<string, CatalogueImage>>;
}

/** The part of a cluster's spec that decides on versions and images. */
export interface VersionRequest {
  /** With a leading v. */
  readonly kubernetesVersion: string;
  readonly imageRepository: string;
  readonly containerRuntime: RuntimeRequest['containerRuntime'] & {
    readonly version?: string | undefined;
    readonly runcVersion?: string | undefined;
    readonly criDockerdVersion?: string | undefined;
    readonly crioVersion?: string | undefined;
  };
  /** Decide, with `etcd`, whether an image or a program of etcd is needed, and on runtimes. Absent: the control planes run etcd. */
  readonly hosts?: RuntimeRequest['hosts'];
  readonly etcd?: { readonly external?: unknown };
  readonly runtimeClasses?: readonly string[];
  readonly network: {
    readonly cni: { readonly type: 'flannel' | 'calico' | 'kube-router' | 'custom' | 'none'; readonly version?: string | undefined };
    readonly networkPolicy?: { readonly engine: 'none' | 'kube-router' } | undefined;
  };
  readonly controlPlaneEndpoint?: { readonly provider: 'external' | 'kube-vip' | 'keepalived' | 'local-lb' } | undefined;
}

/** One version per component, each in the form its own project writes it in. */
export interface ComponentVersions {
  /** `v1.25.0` */
  readonly kubernetes: string;
  /** Image tag: `3.5.4-0`; of no meaning unless the control planes run etcd. */
  readonly etcd: string;
  /** Release: `3.5.4`; of no meaning without hosts with role etcd. */
  readonly etcdRelease: string;
  /** `v1.9.3` */
  readonly coredns: string;
  /** `3.8` */
  readonly pause: string;
  /** `1.6.28`; of no meaning unless a host has containerd that does not come from the distribution's package. */
  readonly containerd: string;
  /** `1.1.12`; of no meaning unless a host has containerd that does not come from the distribution's package. */
  readonly runc: string;
  /** `0.3.4`; of no meaning unless a host has Docker Engine. */
  readonly criDockerd: string;
  /** `1.25.4`; of no meaning unless a host has CRI-O. */
  readonly crio: string;
  /** `1.3.0` */
  readonly cniPlugins: string;
  /** `1.25.0` */
  readonly crictl: string;
  /** `v0.22.3`; of no meaning when the pod network is not kbs's. */
  readonly flannel: string;
  /** `v1.2.0`; of no meaning when the pod network is not kbs's. */
  readonly flannelCniPlugin: string;
  /** `v3.25.2`; of no meaning unless Calico is the pod network. */
  readonly calico: string;
  /** `20230807`; of no meaning without runtime class gvisor. */
  readonly gvisor: string;
  /** `3.1.3`; of no meaning without runtime class kata. */
  readonly kata: string;
  /** `v1.3.2`; of no meaning unless kube-router makes the pod network or enforces policies. */
  readonly kubeRouter: string;
  /** `2.40` */
  readonly agnhost: string;
  /** `2.6.12`; of no meaning unless nodes have a load balancer of their own. */
  readonly haproxy: string;
  /** `v0.5.12`; of no meaning unless kube-vip makes the control-plane endpoint. */
  readonly kubeVip: string;
}

/** Full references (registry/repository:tag) of every image a cluster uses. */
export interface ClusterImages {
  readonly kubeApiserver: string;
  readonly kubeControllerManager: string;
  readonly kubeScheduler: string;
  readonly kubeProxy: string;
  readonly etcd: string;
  readonly coredns: string;
  readonly pause: string;
  readonly flannel: string;
  readonly flannelCniPlugin: string;
  readonly calicoNode: string;
  readonly calicoCni: string;
  readonly calicoKubeControllers: string;
  /** For many nodes only. */
  readonly calicoTypha: string;
  /** Pod network, or policies beside another one. */
  readonly kubeRouter: string;
  /** Image of the pods that prove the data plane. */
  readonly agnhost: string;
  /** Load balancer of nodes without an API server. */
  readonly haproxy: string;
  readonly kubeVip: string;
}
