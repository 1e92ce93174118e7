import { createPrivateKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import pLimit from 'p-limit';
import { Secret } from '../secret/index.js';

const RSA_BITS = 2048;
const generate = promisify(generateKeyPair);
/**
 * Half of Node's thread pool. The other half stays for files and archives: keys for many hosts are asked for at once, and whatever else
 * the pool does would wait until the last of them is made.
 */
const turns = pLimit(2);

/** A private key with its public half. */
export interface NewKey {
  /** PKCS#1 PEM. */
  readonly privateKey: Secret;
  readonly publicKey: KeyObject;
}

/** A new RSA key, made in the thread pool, two at a time. */
export async function newKey(): Promise<NewKey> {
  const { privateKey, publicKey } = await turns(() => generate('rsa', { modulusLength: RSA_BITS }));
  return { privateKey: new Secret(privateKey.export({ type: 'pkcs1', format: 'pem' }).toString()), publicKey };
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
