import type { ArtifactStore } from '../bundle/index.js';
import type { ClusterSpec, HostSpec } from '../config/index.js';
import type { EtcdAccess } from '../etcd/index.js';
import type { Host } from '../host/index.js';
import type { KubeAccess, KubeObject } from '../kube/index.js';
import type { ClusterAccess } from '../kubeconfig/index.js';
import type { EtcdClient, KeyPair, SharedPki } from '../pki/index.js';
import type { RegistryCredentials } from '../render/index.js';
import type { Secret } from '../secret/index.js';
import type { ProofRow } from './proof-row.js';
import type { ClusterImages, ComponentVersions } from '../versions/index.js';

/** The cluster's shared keys and certificates: those on its control planes, or new ones when there are none yet. */
export interface PkiSource {
  /** Read or made once per run. @throws KbsError FILE_READ when what is there is incomplete or broken */
  shared(): Promise<SharedPki>;
  /** Whether there was no control plane with authorities: this run makes them. */
  isNew(): Promise<boolean>;
  /** What the cluster file names for an external etcd, read once per run. @throws KbsError CONFIG_INVALID when it cannot be used */
  externalEtcd(): Promise<EtcdClient>;
}

/** How a kubelet comes by its client certificate: kbs signs it with the cluster's CA, or the kubelet asks for it with a bootstrap token. */
export type NodeIdentity = { readonly kind: 'signed'; readonly ca: KeyPair } | { readonly kind: 'bootstrap-token'; readonly token: Secret };

/** The cluster as its nodes see it, and how they get into it. */
export interface NodeEntry {
  /** The API as kubelets reach it, and the CA they trust. */
  readonly access: ClusterAccess;
  readonly identity: NodeIdentity;
}

/** What kubelets are set up from: the cluster file and its authorities, or what the cluster itself tells its new nodes. */
export interface NodeSource {
  /** Found out once per run. @throws KbsError what {@link PkiSource.shared} throws */
  entry(): Promise<NodeEntry>;
  /** Text of config.yaml for a host. */
  kubeletConfig(host: Host): string;
}

/** The password by which the keepaliveds of a cluster know each other: that of its control planes, or a new one. */
export interface VrrpPasswordSource {
  /** Read or made once per run. */
  password(): Promise<Secret>;
}

/** What the cluster file says where to find, read once per run. @throws KbsError CONFIG_INVALID naming the registry whose password is missing */
export type RegistryCredentialsSource = () => Promise<readonly RegistryCredentials[]>;

/** Objects of the user's own pod network; none with another one. Read once per run. @throws KbsError CONFIG_INVALID naming file and object */
export type CustomNetworkSource = () => Promise<readonly KubeObject[]>;

/** Takes the rows of the proof, for the result of the operation. */
export interface ProofReport {
  put(rows: readonly ProofRow[]): void;
  /** Empty when no proof ran. */
  rows(): readonly ProofRow[];
}

/** What phases may ask for; frozen for a run. A phase takes the slice it needs by `Pick`. */
export interface RunContext {
  readonly spec: ClusterSpec;
  /** Hosts the operation works on. */
  readonly hosts: readonly Host[];
  /** Every connected control plane, also those the operation does not change. */
  readonly controlPlanes: readonly Host[];
  /** Every connected host that etcd runs on, or is to run on: control planes, or hosts of its own. */
  readonly memberHosts: readonly Host[];
  /** Control planes and hosts of etcd that find no cluster may found one: so do `init` and `apply`, never `join`. */
  readonly mayFound: boolean;
  /** Nodes that have another container runtime than the file wants get it: so does `apply`, never `init` or `join`. */
  readonly mayChangeRuntime: boolean;
  readonly artifacts: ArtifactStore;
  readonly versions: ComponentVersions;
  readonly images: ClusterImages;
  readonly pki: PkiSource;
  readonly node: NodeSource;
  readonly vrrp: VrrpPasswordSource;
  readonly registryCredentials: RegistryCredentialsSource;
  readonly customNetwork: CustomNetworkSource;
  readonly kube: KubeAccess;
  /** Members of etcd, through the control planes that are connected. */
  readonly etcd: EtcdAccess;
  /** Preflight checks whose failure only warns. */
  readonly ignorePreflight: ReadonlySet<string>;
  readonly now: () => Date;
  /** What the proof at the end found. */
  readonly proof: ProofReport;
}

/** The cluster file's entry of a host. */
export function hostSpecOf(spec: ClusterSpec, host: Host): HostSpec {
  const found = spec.hosts.find((candidate) => candidate.name === host.name);
  if (found === undefined) throw new Error(`host ${host.name} is not in the cluster file`);
  return found;
}

/** Whether a host runs the control plane. */
export function isControlPlane(host: Host): boolean {
  return host.roles.has('control-plane');
}

/** Whether a host runs etcd and nothing else of the cluster. */
export function isEtcdHost(host: Host): boolean {
  return host.roles.has('etcd');
}

/** Whether a host is, or becomes, a node of the cluster. */
export function isNode(host: Host): boolean {
  return !isEtcdHost(host);
}
