import { createPrivateKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { Secret } from '../secret/index.js';

const RSA_BITS = 2048;
const generate = promisify(generateKeyPair);

/** A private key with its public half. */
export interface NewKey {
  /** PKCS#1 PEM. */
  readonly privateKey: Secret;
  readonly publicKey: KeyObject;
}

/** A new RSA key, made in the thread pool: several at once use all cores. */
export async function newKey(): Promise<NewKey> {
  const { privateKey, publicKey } = await generate('rsa', { modulusLength: RSA_BITS });
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
