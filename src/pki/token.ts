import { randomBytes } from 'node:crypto';
import { KbsError } from '../errors/index.js';
import { Secret } from '../secret/index.js';
import type { BootstrapToken } from './types.js';

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789';
const ID_LENGTH = 6;
const SECRET_LENGTH = 16;
const FORMAT = /^([a-z0-9]{6})\.([a-z0-9]{16})$/;
// The largest multiple of the alphabet's length in a byte: bytes from there on would favour the first characters.
const FIRST_UNFAIR_BYTE = 256 - (256 % ALPHABET.length);
const CERTIFICATE_KEY_BYTES = 32;

/** A new random bootstrap token. Source of the format: kubeadm v1.25, `[a-z0-9]{6}.[a-z0-9]{16}`. */
export function createBootstrapToken(): BootstrapToken {
  return tokenOf(randomText(ID_LENGTH), randomText(SECRET_LENGTH));
}

/** Takes a bootstrap token apart. @throws KbsError USAGE when it has another format; the message does not show it */
export function parseBootstrapToken(text: string | Secret): BootstrapToken {
  const match = FORMAT.exec(typeof text === 'string' ? text : text.reveal());
  const [, id, secret] = match ?? [];
  if (id === undefined || secret === undefined) {
    throw new KbsError('USAGE', 'a bootstrap token has six and sixteen lower-case letters or digits with a dot between');
  }
  return tokenOf(id, secret);
}

/** A new key to encrypt the shared PKI with, as `kubeadm join --certificate-key` takes it: 32 bytes in hex. */
export function createCertificateKey(): Secret {
  return new Secret(randomBytes(CERTIFICATE_KEY_BYTES).toString('hex'));
}

function tokenOf(id: string, secret: string): BootstrapToken {
  return { id, secret: new Secret(secret), token: new Secret(`${id}.${secret}`) };
}

function randomText(length: number): string {
  let text = '';
  while (text.length < length) {
    for (const byte of randomBytes(length - text.length)) {
      if (byte < FIRST_UNFAIR_BYTE) text += ALPHABET.charAt(byte % ALPHABET.length);
    }
  }
  return text;
}
