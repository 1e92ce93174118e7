import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { KbsError } from '../errors/index.js';
import { Secret } from '../secret/index.js';
import { ETCD_CLIENT_FILES, sharedPkiFiles, sharedPkiFromFiles, type SharedPkiFile } from './shared.js';
import type { SharedPki } from './types.js';

const ALGORITHM = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const KEY_FORMAT = /^[0-9a-f]{64}$/i;

/**
 * Takes a certificate key, 32 bytes in hex.
 * @throws KbsError USAGE when it has another format; the message does not show it
 */
export function parseCertificateKey(text: string | Secret): Secret {
  const key = (typeof text === 'string' ? text : text.reveal()).trim();
  if (KEY_FORMAT.test(key)) return new Secret(key.toLowerCase());
  throw new KbsError('USAGE', 'a certificate key has 64 hexadecimal digits', {
    remedy: ['kbs token create --upload-certs --print-join-command   # on a control plane: a new one, with the command it belongs to'],
  });
}

/** Keys of what leads to an etcd that is not on the control planes. Source: kubeadm v1.25 copycerts. */
const ETCD_CLIENT_KEYS = ['external-etcd-ca.crt', 'external-etcd.crt', 'external-etcd.key'] as const;

/**
 * The files that are copied, with their keys in the data of Secret kubeadm-certs. To kubeadm an etcd on hosts of its own is external
 * too: whoever joins gets a copy of the client certificate. Source: kubeadm v1.25 copycerts.
 */
function copiedFiles(etcd: 'stacked' | 'external'): readonly (SharedPkiFile & { readonly key: string })[] {
  const plainKey = (path: string): string => path.replaceAll('/', '-');
  const clientKey = (path: string): string | undefined => ETCD_CLIENT_KEYS[ETCD_CLIENT_FILES.findIndex((file) => file.path === path)];
  return sharedPkiFiles(etcd).map((file) => ({
    ...file,
    key: (etcd === 'external' ? clientKey(file.path) : undefined) ?? plainKey(file.path),
  }));
}

/** Nonce, ciphertext and tag in one piece. Source: kubeadm v1.25 util/crypto. */
function encrypt(text: string, key: Buffer): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(ALGORITHM, key, nonce);
  return Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
}

/** undefined when the key is another one or the bytes were changed. */
function decrypt(sealed: Buffer, key: Buffer): string | undefined {
  if (sealed.length < NONCE_BYTES + TAG_BYTES) return undefined;
  const decipher = createDecipheriv(ALGORITHM, key, sealed.subarray(0, NONCE_BYTES));
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
  const start = decipher.update(sealed.subarray(NONCE_BYTES, sealed.length - TAG_BYTES));
  try {
    return Buffer.concat([start, decipher.final()]).toString('utf8');
  } catch {
    // The only way `final` fails in this mode: the tag is not that of this key and these bytes.
    return undefined;
  }
}

/** Encrypted copies of the shared PKI by the keys kubeadm gives them; base64, as the data of a Secret. */
export function encryptSharedPki(pki: SharedPki, certificateKey: Secret): Readonly<Record<string, string>> {
  const key = Buffer.from(certificateKey.reveal(), 'hex');
  const entries = copiedFiles(pki.etcdClient === undefined ? 'stacked' : 'external').map(({ key: name, content }) => {
    const text = content(pki);
    return [name, encrypt(text instanceof Secret ? text.reveal() : text, key).toString('base64')] as const;
  });
  return Object.fromEntries(entries);
}

/**
 * The shared PKI out of its encrypted copies, whoever made them.
 * @param data of Secret kubeadm-certs, base64
 * @throws KbsError CERTIFICATE_KEY_REFUSED when the key does not open them; PKI_INVALID when some are missing or broken
 */
export function decryptSharedPki(data: Readonly<Record<string, string | undefined>>, certificateKey: Secret): SharedPki {
  const key = Buffer.from(certificateKey.reveal(), 'hex');
  const files = new Map<string, Secret>();
  const etcd = data[ETCD_CLIENT_KEYS[0]] === undefined ? 'stacked' : 'external';
  for (const { path, key: name } of copiedFiles(etcd)) {
    const sealed = Buffer.from(data[name] ?? '', 'base64');
    // kubeadm stores an empty value for a file it has not: the key of a CA that is kept elsewhere.
    if (sealed.length === 0) continue;
    const text = decrypt(sealed, key);
    if (text === undefined) throw refused(path);
    files.set(path, new Secret(text));
  }
  const pki = sharedPkiFromFiles(files, etcd);
  if (pki !== undefined) return pki;
  throw new KbsError('PKI_INVALID', 'the uploaded certificates are empty', { remedy: UPLOAD_AGAIN });
}

const UPLOAD_AGAIN = [
  'kbs token create --upload-certs --print-join-command   # on a control plane, or with -f CLUSTER_FILE where that is',
  'kubeadm init phase upload-certs --upload-certs   # on a control plane',
] as const;

function refused(path: string): KbsError {
  return new KbsError('CERTIFICATE_KEY_REFUSED', `the certificate key does not open the uploaded certificates (${path})`, {
    details: ['each upload has a key of its own: that of an earlier one is good for nothing any more'],
    remedy: UPLOAD_AGAIN,
  });
}
