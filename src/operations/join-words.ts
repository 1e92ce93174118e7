import type { EventBus } from '../events/index.js';
import type { BootstrapToken } from '../pki/index.js';

/** How a machine joins, in words. The token is plain text here: this is a result, and made to be shown. */
export interface JoinWords {
  /** `host:port` of the API. */
  readonly endpoint: string;
  /** `sha256:<hex>` of the cluster's CA. */
  readonly caCertHashes: readonly string[];
  readonly token?: string;
  /** What to type on the machine that joins; `kubeadm` in place of `kbs` does it too. */
  readonly command?: string;
}

/** Keeps a token out of everything a run tells and stores, but for its result. */
export function hideToken(bus: EventBus, token: BootstrapToken): void {
  bus.hide(token.token);
  bus.hide(token.secret);
}

/** The join command and its parts. */
export function joinWords(input: {
  readonly endpoint: string;
  readonly caHashes: readonly string[];
  readonly token: BootstrapToken;
}): Required<JoinWords> {
  const { endpoint, caHashes } = input;
  const token = input.token.token.reveal();
  const hashes = caHashes.map((hash) => `--discovery-token-ca-cert-hash ${hash}`).join(' ');
  return { endpoint, caCertHashes: caHashes, token, command: `kbs join ${endpoint} --token ${token} ${hashes}` };
}
