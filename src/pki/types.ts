import type { Secret } from '../secret/index.js';
import type { KeyType } from './keys.js';

/** A certificate and its private key. */
export interface KeyPair {
  /** PEM; a CA may be followed by further certificates, the first is the one that signs. */
  readonly certificate: string;
  /** PEM; when kbs made it PKCS#1, or SEC 1 for an EC key. */
  readonly privateKey: Secret;
}

/** How API servers are known to an etcd that is not on the control planes. */
export interface EtcdClient {
  /** PEM: what the members of etcd are checked with. */
  readonly caCertificate: string;
  /** Client certificate; whoever signed it. */
  readonly pair: KeyPair;
}

/** What all control planes of a cluster share; every other certificate is made from it. */
export interface SharedPki {
  /** Signs the API server, all clients of it and kubelets. */
  readonly ca: KeyPair;
  /** Signs everything of etcd. undefined with an external etcd, and as long as no host of etcd was asked: only they have its key then. */
  readonly etcdCa: KeyPair | undefined;
  /** undefined where etcd is on the control planes, and before a control plane has its certificate. */
  readonly etcdClient?: EtcdClient | undefined;
  /** Signs the client certificate of the aggregation layer. */
  readonly frontProxyCa: KeyPair;
  /** Signs and checks service account tokens; PEM. */
  readonly serviceAccount: { readonly privateKey: Secret; readonly publicKey: string };
}

/** Which authority of {@link SharedPki} signs a certificate. */
export type AuthorityName = 'ca' | 'etcdCa' | 'frontProxyCa';

/** Extended key usages of leaves. */
export type CertificateUsage = 'serverAuth' | 'clientAuth';

/** The control plane a leaf is made for. */
export interface ControlPlaneNode {
  readonly nodeName: string;
  readonly advertiseAddress: string;
  /** Host part of the control-plane endpoint: name or address. */
  readonly endpointHost?: string;
  /** First address of the service subnet: the API inside the cluster. */
  readonly serviceSubnetFirst: string;
  /** Cluster domain, e.g. `cluster.local`. */
  readonly dnsDomain: string;
  /** Further names and addresses for the API server's certificate. */
  readonly certSANs: readonly string[];
}

/** kubeadm's names of the leaves of a control plane. */
export type LeafName =
  | 'apiserver'
  | 'apiserver-kubelet-client'
  | 'front-proxy-client'
  | 'etcd-server'
  | 'etcd-peer'
  | 'etcd-healthcheck-client'
  | 'apiserver-etcd-client';

/** One row of the certificate table. */
export interface CertSpec {
  /** As `kubeadm certs renew` calls it. */
  readonly name: LeafName;
  /** Path below the PKI folder without suffix: `<file>.crt` and `<file>.key`. */
  readonly file: string;
  readonly ca: AuthorityName;
  readonly commonName: string | ((node: ControlPlaneNode) => string);
  readonly organization?: string;
  /** In the order they stand in the certificate. */
  readonly usages: readonly CertificateUsage[];
  /** DNS names and addresses, mixed; absent for clients. */
  readonly sans?: (node: ControlPlaneNode) => readonly string[];
}

/** Subject alternative names, each once. */
export interface SubjectAltNames {
  /** Lower case, sorted. */
  readonly dns: readonly string[];
  /** In the order given; IPv6 in its shortest form. */
  readonly ip: readonly string[];
}

/** What a leaf has to be for one node. */
export interface LeafRequirements {
  readonly commonName: string;
  readonly organization?: string;
  readonly usages: readonly CertificateUsage[];
  readonly sans: SubjectAltNames;
}

/** What a certificate says. */
export interface CertificateInfo {
  readonly commonName: string | undefined;
  readonly organizations: readonly string[];
  readonly sans: SubjectAltNames;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly isCa: boolean;
  /** Extended key usages; others than these two are left out. */
  readonly usages: readonly CertificateUsage[];
  /** Lower-case hex, no leading zeros but `0` itself. */
  readonly serialNumber: string;
}

/** A client certificate to be made. */
export interface ClientCertificateRequest {
  readonly commonName: string;
  readonly organization?: string;
  /** Default: `rsa`, which is what kubeadm gives all files it makes. */
  readonly keyType?: KeyType;
  readonly ca: KeyPair;
  readonly now: Date;
}

/** A bootstrap token in its parts. */
export interface BootstrapToken {
  /** Six characters, no secret. */
  readonly id: string;
  /** Sixteen characters. */
  readonly secret: Secret;
  /** `<id>.<secret>`. */
  readonly token: Secret;
}
