import { KbsError } from '../errors/index.js';
import { caCertHash } from '../pki/index.js';

const HASH = /^sha256:[0-9a-f]{64}$/;
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** Checks the form of `--discovery-token-ca-cert-hash`. @throws KbsError USAGE */
export function parseCaHashes(typed: readonly string[]): readonly string[] {
  const hashes = typed.map((hash) => hash.trim().toLowerCase());
  const wrong = hashes.find((hash) => !HASH.test(hash));
  if (wrong === undefined) return hashes;
  throw new KbsError('USAGE', `a CA hash is sha256: and 64 hexadecimal digits, not ${wrong}`, { remedy: [SHOW_HASH] });
}

/** How the hash of a cluster's CA is found out by hand. */
export const SHOW_HASH =
  'openssl x509 -pubkey -noout -in /etc/kubernetes/pki/ca.crt | openssl pkey -pubin -outform der | sha256sum   # on a control plane; put sha256: before it';

/** Hashes of all certificates of a bundle. @throws KbsError PKI_INVALID when one cannot be read */
export function caHashesOf(bundle: string): readonly string[] {
  return (bundle.match(CERTIFICATE) ?? []).map(caCertHash);
}
