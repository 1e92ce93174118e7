import type { EventBus } from '../events/index.js';
import type { BootstrapToken } from '../pki/index.js';
import type { Secret } from '../secret/index.js';

/** How a machine joins, in words. The token is plain text here: this is a result, and made to be shown. */
export interface JoinWords {
  /** `host:port` of the API. */
  readonly endpoint: string;
  /** `sha256:<hex>` of the cluster's CA. */
  readonly caCertHashes: readonly string[];
  readonly token?: string;
  /** What to type on the machine that joins; `kubeadm` in place of `kbs` does it too. */
  readonly command?: string;
  /** Opens the uploaded certificates; plain text as the token is. Absent when none were asked for. */
  readonly certificateKey?: string;
  /** What to type on a machine that becomes a control plane. */
  readonly controlPlaneCommand?: string;
}

/** Keeps a token out of everything a run tells and stores, but for its result. */
export function hideToken(bus: EventBus, token: BootstrapToken): void {
  bus.hide(token.token);
  bus.hide(token.secret);
}

/** The join commands and their parts; that of control planes only with a certificate key. */
export function joinWords(input: {
  readonly endpoint: string;
  readonly caHashes: readonly string[];
  readonly token: BootstrapToken;
  readonly certificateKey?: Secret | undefined;
}): JoinWords & { readonly token: string; readonly command: string } {
  const { endpoint, caHashes } = input;
  const token = input.token.token.reveal();
  const hashes = caHashes.map((hash) => `--discovery-token-ca-cert-hash ${hash}`).join(' ');
  const words = { endpoint, caCertHashes: caHashes, token, command: `kbs join ${endpoint} --token ${token} ${hashes}` };
  const certificateKey = input.certificateKey?.reveal();
  if (certificateKey === undefined) return words;
  return { ...words, certificateKey, controlPlaneCommand: `${words.command} --control-plane --certificate-key ${certificateKey}` };
}
