import { execFileSync } from 'node:child_process';

/** What OpenSSL prints of a certificate, one trimmed line each, without what differs from one to the next (serial, dates, key ids). */
export function printedCertificate(pem: string): readonly string[] {
  const text = execFileSync('openssl', ['x509', '-noout', '-text', '-certopt', 'no_pubkey,no_sigdump,no_validity,no_serial'], {
    input: pem,
    encoding: 'utf8',
  });
  return text
    .split('\n')
    .map((line) => line.trim().replace(/^([0-9A-F]{2}:){19}[0-9A-F]{2}$/, 'KEY-ID'))
    .filter((line) => line !== '' && line !== 'Certificate:' && line !== 'Data:');
}

/** Key identifiers in a certificate, by the name of their extension. */
export function keyIdentifiers(pem: string): Readonly<Record<string, string>> {
  const text = execFileSync('openssl', ['x509', '-noout', '-text'], { input: pem, encoding: 'utf8' });
  const found = text.matchAll(/X509v3 (Subject|Authority) Key Identifier: \n\s+((?:[0-9A-F]{2}:){19}[0-9A-F]{2})/g);
  return Object.fromEntries([...found].map(([, name = '', id = '']) => [name, id]));
}
