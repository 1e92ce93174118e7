import forge from 'node-forge';

const { asn1 } = forge;
const { UNIVERSAL, CONTEXT_SPECIFIC } = asn1.Class;

/** One DER value; forge keeps bytes in strings of characters below 256. */
export type Der = forge.asn1.Asn1;

/** Object identifiers of X.509. Source: RFC 5280, RFC 4055, RFC 5758. */
export const OIDS = {
  organization: '2.5.4.10',
  commonName: '2.5.4.3',
  keyUsage: '2.5.29.15',
  extendedKeyUsage: '2.5.29.37',
  basicConstraints: '2.5.29.19',
  subjectKeyIdentifier: '2.5.29.14',
  authorityKeyIdentifier: '2.5.29.35',
  subjectAltName: '2.5.29.17',
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
  sha256WithRsa: '1.2.840.113549.1.1.11',
  sha256WithEcdsa: '1.2.840.10045.4.3.2',
} as const;

/** A byte string as forge has them. */
export function bytesOf(buffer: Uint8Array): string {
  return Buffer.from(buffer).toString('latin1');
}

export function sequence(...values: readonly Der[]): Der {
  return asn1.create(UNIVERSAL, asn1.Type.SEQUENCE, true, [...values]);
}

export function setOf(...values: readonly Der[]): Der {
  return asn1.create(UNIVERSAL, asn1.Type.SET, true, [...values]);
}

export function oid(dotted: string): Der {
  return asn1.create(UNIVERSAL, asn1.Type.OID, false, asn1.oidToDer(dotted).getBytes());
}

export function octets(bytes: string): Der {
  return asn1.create(UNIVERSAL, asn1.Type.OCTETSTRING, false, bytes);
}

export function nothing(): Der {
  return asn1.create(UNIVERSAL, asn1.Type.NULL, false, '');
}

export function truth(): Der {
  return asn1.create(UNIVERSAL, asn1.Type.BOOLEAN, false, '\u00ff');
}

/** @param bytes the shortest two's complement form */
export function integer(bytes: string): Der {
  return asn1.create(UNIVERSAL, asn1.Type.INTEGER, false, bytes);
}

/** @param unusedBits how many of the last byte's low bits do not count */
export function bits(bytes: string, unusedBits = 0): Der {
  return asn1.create(UNIVERSAL, asn1.Type.BITSTRING, false, String.fromCharCode(unusedBits) + bytes);
}

/** A context-specific value with primitive content. */
export function tagged(tag: number, bytes: string): Der {
  return asn1.create(CONTEXT_SPECIFIC, tag, false, bytes);
}

/** A context-specific wrapper around another value. */
export function wrapped(tag: number, value: Der): Der {
  return asn1.create(CONTEXT_SPECIFIC, tag, true, [value]);
}

/** PrintableString where its alphabet allows, else UTF8String: what Go writes, and Go compares names byte for byte. */
export function text(value: string): Der {
  const isPrintable = /^[A-Za-z0-9 '()+,\-./:=?]*$/.test(value);
  const type = isPrintable ? asn1.Type.PRINTABLESTRING : asn1.Type.UTF8;
  return asn1.create(UNIVERSAL, type, false, bytesOf(Buffer.from(value, 'utf8')));
}

/** Whole seconds; the form depends on the year. Source: RFC 5280, 4.1.2.5. */
export function time(date: Date): Der {
  return date.getUTCFullYear() < 2050
    ? asn1.create(UNIVERSAL, asn1.Type.UTCTIME, false, asn1.dateToUtcTime(date))
    : asn1.create(UNIVERSAL, asn1.Type.GENERALIZEDTIME, false, asn1.dateToGeneralizedTime(date));
}

export function encode(value: Der): Buffer {
  return Buffer.from(asn1.toDer(value).getBytes(), 'latin1');
}

/** @throws Error of forge when it is no DER */
export function decode(der: Uint8Array): Der {
  return asn1.fromDer(bytesOf(der));
}

/** The parts of a constructed value; none for a primitive one. */
export function partsOf(value: Der | undefined): readonly Der[] {
  return value !== undefined && Array.isArray(value.value) ? value.value : [];
}

/** The dotted form of an object identifier; undefined for any other value. */
export function oidOf(value: Der | undefined): string | undefined {
  if (value === undefined || value.type !== asn1.Type.OID || typeof value.value !== 'string') return undefined;
  return asn1.derToOid(value.value);
}

/** The content of a primitive value; undefined for a constructed one. */
export function contentOf(value: Der | undefined): string | undefined {
  return typeof value?.value === 'string' ? value.value : undefined;
}
