import { createPrivateKey, createPublicKey, X509Certificate, type KeyObject } from 'node:crypto';
import { output } from '../../lab/command.js';
import { neutral } from './neutral.js';
import type { Facts } from './tree.js';

const DAY_MS = 86_400_000;

/** PEM blocks of a text. */
export function pemBlocks(text: string): readonly string[] {
  return text.match(/-----BEGIN [^-]+-----[^-]+-----END [^-]+-----/g) ?? [];
}

/** What kind of key it is, and how it is written. */
function keyFacts(pem: string, key: KeyObject): Facts {
  const { modulusLength, publicExponent, namedCurve } = key.asymmetricKeyDetails ?? {};
  return {
    label: /-----BEGIN ([^-]+)-----/.exec(pem)?.[1] ?? '',
    type: key.asymmetricKeyType ?? '',
    ...(modulusLength === undefined ? {} : { bits: modulusLength }),
    ...(publicExponent === undefined ? {} : { exponent: Number(publicExponent) }),
    ...(namedCurve === undefined ? {} : { curve: namedCurve }),
  };
}

/** Extensions by name, each with what OpenSSL prints of it; key identifiers only by their length. */
function extensionFacts(printed: string): Facts {
  const [, extensions = ''] = printed.split('X509v3 extensions:\n');
  const found: Record<string, string> = {};
  let name = '';
  for (const line of extensions.split('\n')) {
    const heading = /^ {12}(\S.*?): ?(critical)?\s*$/.exec(line);
    if (heading !== null) {
      name = heading[1] ?? '';
      found[name] = heading[2] ?? '';
    } else if (/^ {16}/.test(line) && name !== '') {
      const value = neutral(line.trim()).replaceAll(/([0-9A-F]{2}:){19}[0-9A-F]{2}/g, '20 bytes');
      found[name] = `${found[name] ?? ''} ${value}`.trim();
    } else break;
  }
  return found;
}

/** A name with the string types it is written in, which Go compares too. */
function nameFacts(printed: string): Facts {
  const attributes = printed
    .slice(printed.indexOf('=') + 1)
    .trim()
    .split('\n');
  return neutral(attributes.map((attribute) => attribute.trim()).join(', '));
}

function serialFacts(certificate: X509Certificate): Facts {
  const serial = BigInt(`0x${certificate.serialNumber}`);
  return serial === 0n ? 'zero' : serial > 2n ** 40n ? 'random' : certificate.serialNumber;
}

async function certificateFacts(pem: string, authorities: readonly X509Certificate[]): Promise<Facts> {
  const certificate = new X509Certificate(pem);
  const issuer = authorities.find((authority) => certificate.checkIssued(authority) && certificate.verify(authority.publicKey));
  const openssl = (...args: string[]): Promise<string> => output(['openssl', 'x509', '-noout', ...args], { input: pem });
  const show = ['-nameopt', 'sep_multiline,show_type,utf8,sname'];
  const [text, subject, issuerName] = await Promise.all([
    openssl('-text', '-certopt', 'no_pubkey,no_sigdump'),
    openssl('-subject', ...show),
    openssl('-issuer', ...show),
  ]);
  const from = Date.parse(certificate.validFrom);
  return {
    version: /Version: (\d)/.exec(text)?.[1] ?? '',
    serial: serialFacts(certificate),
    'signature algorithm': /Signature Algorithm: (\S+)/.exec(text)?.[1] ?? '',
    subject: nameFacts(subject),
    issuer: nameFacts(issuerName),
    'signed by': issuer?.subject ?? 'somebody else',
    'days valid': Math.round((Date.parse(certificate.validTo) - from) / DAY_MS),
    'valid since': issuer === undefined || Date.parse(issuer.validFrom) === from ? 'its CA is' : 'it was issued',
    key: keyFacts('', certificate.publicKey),
    extensions: extensionFacts(text),
  };
}

/** PEM texts of certificates, private and public keys, block by block; nothing secret is in the result. */
export async function pemFacts(text: string, authorities: readonly X509Certificate[]): Promise<Facts> {
  const facts = await Promise.all(
    pemBlocks(text).map(async (pem): Promise<[string, Facts]> => {
      if (pem.includes('BEGIN CERTIFICATE')) return ['certificate', await certificateFacts(pem, authorities)];
      if (pem.includes('PUBLIC KEY')) return ['public key', keyFacts(pem, createPublicKey(pem))];
      return ['private key', keyFacts(pem, createPrivateKey(pem))];
    }),
  );
  return Object.fromEntries(facts.map(([kind, value], index) => [facts.length === 1 ? kind : `${index + 1}. ${kind}`, value]));
}
