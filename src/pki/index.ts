import type { Secret } from '../secret/index.js';
import type {
  BootstrapToken,
  CertificateInfo,
  CertSpec,
  ClientCertificateRequest,
  ControlPlaneNode,
  KeyPair,
  LeafRequirements,
  SharedPki,
} from './types.js';

export type * from './types.js';

/** One file of the shared PKI: path below /etc/kubernetes/pki, permission bits, content. */
export interface SharedPkiFile {
  readonly path: string;
  readonly mode: number;
  readonly content: (pki: SharedPki) => string | Secret;
}
export declare const SHARED_PKI_FILES: readonly SharedPkiFile[];
/** The seven leaves of a control plane. */
export declare const LEAF_CERTS: readonly CertSpec[];
/** New CAs and service account keys. */
export declare function createSharedPki(now: Date): Promise<SharedPki>;
/** undefined when none of the files (path below the PKI folder → content) is there. @throws KbsError PKI_INVALID */
export declare function sharedPkiFromFiles(files: ReadonlyMap<string, string | Secret>): SharedPki | undefined;
export declare function leafRequirements(spec: CertSpec, node: ControlPlaneNode): LeafRequirements;
export declare function issueLeaf(spec: CertSpec, shared: SharedPki, node: ControlPlaneNode, now: Date): Promise<KeyPair>;
/** Why a leaf has to be issued anew; undefined when it is fit. */
export declare function leafProblem(
  found: { readonly certificate: string | undefined; readonly privateKey: Secret | undefined },
  expected: { readonly spec: CertSpec; readonly shared: SharedPki; readonly node: ControlPlaneNode; readonly now: Date },
): string | undefined;
/** The same for a client certificate outside the table. */
export declare function clientCertificateProblem(
  found: { readonly certificate: string | undefined; readonly privateKey: Secret | undefined },
  expected: ClientCertificateRequest,
): string | undefined;
export declare function issueClientCertificate(request: ClientCertificateRequest): Promise<KeyPair>;
/** @throws KbsError PKI_INVALID */
export declare function inspectCertificate(pem: string): CertificateInfo;
/** `sha256:<hex>` of the CA's public key, as `--discovery-token-ca-cert-hash` takes it. */
export declare function caCertHash(caPem: string): string;
export declare function createBootstrapToken(): BootstrapToken;
/** @throws KbsError USAGE */
export declare function parseBootstrapToken(text: string | Secret): BootstrapToken;
export declare function createCertificateKey(): Secret;
