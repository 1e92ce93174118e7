import { createPrivateKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import pLimit from 'p-limit';
import { Secret } from '../secret/index.js';

const RSA_BITS = 2048;
const EC_CURVE = 'P-256';
const generate = promisify(generateKeyPair);
/**
 * Half of Node's thread pool. The other half stays for files and archives: keys for many hosts are asked for at once, and whatever else
 * the pool does would wait until the last of them is made.
 */
const turns = pLimit(2);

/** `rsa`: 2048 bits, as kubeadm has it; `ec`: P-256, as kubelets make their own, and a thousand times as quick. */
export type KeyType = 'rsa' | 'ec';

/** A private key with its public half. */
export interface NewKey {
  /** PEM: PKCS#1 of an RSA key, SEC 1 of an EC key. */
  readonly privateKey: Secret;
  readonly publicKey: KeyObject;
}

/** A new key. Those of RSA are made in the thread pool, two at a time. */
export async function newKey(type: KeyType = 'rsa'): Promise<NewKey> {
  const { privateKey, publicKey } =
    type === 'ec' ? await generate('ec', { namedCurve: EC_CURVE }) : await turns(() => generate('rsa', { modulusLength: RSA_BITS }));
  const pem = privateKey.export({ type: type === 'ec' ? 'sec1' : 'pkcs1', format: 'pem' });
  return { privateKey: new Secret(pem.toString()), publicKey };
}

/** SubjectPublicKeyInfo PEM. */
export function publicPem(key: KeyObject): string {
  return key.export({ type: 'spki', format: 'pem' }).toString();
}

/** The key in a PEM; undefined when it cannot be read (or wants a passphrase). */
export function readPrivateKey(pem: Secret): KeyObject | undefined {
  try {
    return createPrivateKey(pem.reveal());
  } catch {
    return undefined;
  }
}
