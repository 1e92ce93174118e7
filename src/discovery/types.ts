import type { BootstrapToken } from '../pki/index.js';

/** Where an API server is asked. */
export interface Endpoint {
  /** Name or address. */
  readonly host: string;
  readonly port: number;
}

/** What a new node was told about the cluster it shall join. */
export interface DiscoveryInput {
  readonly endpoint: Endpoint;
  readonly token: BootstrapToken;
  /** `sha256:<hex>` of public keys, one of which the cluster's CA must have; `any`: whatever CA the token vouches for. */
  readonly caHashes: readonly string[] | 'any';
  readonly signal: AbortSignal;
  /** How long a silent endpoint is asked again; default 20 000. */
  readonly patienceMs?: number;
  /** How long the signature of a token that was made just now is waited for; default 10 000. */
  readonly signaturePatienceMs?: number;
}

/** A cluster that was proven to be the one meant. */
export interface DiscoveredCluster {
  /** `https://host:port` as the cluster itself says it: from here on this is used, not what was typed. */
  readonly server: string;
  /** CA certificate, PEM. */
  readonly caCertificate: string;
  /** This machine's address on the way to the API. */
  readonly localAddress: string | undefined;
}
