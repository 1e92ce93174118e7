import type { KeyPair } from '../pki/index.js';
import type { Secret } from '../secret/index.js';

/** How a kubeconfig reaches the cluster. */
export interface ClusterAccess {
  /** Name of the cluster entry, and the right half of the context's name. */
  readonly clusterName: string;
  /** `https://host:port` */
  readonly server: string;
  /** CA certificate, PEM. */
  readonly caCertificate: string;
}

/** How a kubeconfig proves who it is. */
export type Credentials =
  | { readonly kind: 'embedded'; readonly keyPair: KeyPair }
  /** One file on the host with certificate and key. */
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'token'; readonly token: Secret };

/** kubeadm's kubeconfigs of a control plane. */
export type KubeconfigName = 'admin' | 'kubelet' | 'controller-manager' | 'scheduler';

/** One row of the table of kubeconfigs. */
export interface KubeconfigSpec {
  readonly name: KubeconfigName;
  /** Where it lies on the host. */
  readonly path: string;
  /** Whose certificate it holds; also the name of the user entry. */
  readonly commonName: (nodeName: string) => string;
  readonly organization?: string;
  /** `endpoint`: the control-plane endpoint; `local`: the API server on the same host. */
  readonly server: 'endpoint' | 'local';
}

/** What an existing kubeconfig has to be. */
export interface ExpectedKubeconfig {
  readonly access: ClusterAccess;
  readonly commonName: string;
  readonly organization?: string;
  readonly ca: Pick<KeyPair, 'certificate'>;
  readonly now: Date;
  /** This path instead of an embedded certificate is right too; who wrote it keeps it valid. */
  readonly clientCertificateFile?: string;
}

/** A kubeconfig as it is read: the current context's cluster and user. */
export interface KubeconfigContent {
  readonly contextName: string;
  readonly clusterName: string;
  readonly server: string;
  /** PEM; undefined when it is not embedded. */
  readonly caCertificate: string | undefined;
  readonly userName: string;
  /** PEM of the embedded certificate. */
  readonly clientCertificate: string | undefined;
  readonly clientKey: Secret | undefined;
  /** Path of the certificate when it is not embedded. */
  readonly clientCertificateFile: string | undefined;
  readonly token: Secret | undefined;
}

/** How a kubeconfig is merged into another. */
export interface MergeOptions {
  /** Name of the cluster and context entries; the user entry is `<contextName>-admin`. */
  readonly contextName: string;
  readonly setCurrent: boolean;
}

/** A kubeconfig with another merged in. */
export interface MergedKubeconfig {
  readonly text: Secret;
  /** Entries that were there with other content, as `cluster demo`, `user demo-admin`, `context demo`. */
  readonly replaced: readonly string[];
}
