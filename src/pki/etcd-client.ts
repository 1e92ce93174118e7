import type { X509Certificate } from 'node:crypto';
import type { Secret } from '../secret/index.js';
import { describe, readCertificate } from './inspect.js';
import { readPrivateKey } from './keys.js';

/** Files that lead to an etcd somebody else set up, as they were read. */
export interface EtcdClientFiles {
  /** PEM. */
  readonly caFile: string;
  /** PEM. */
  readonly certFile: string;
  /** PEM. */
  readonly keyFile: Secret;
}

/** What is wrong with one of the files. */
export interface EtcdClientProblem {
  readonly file: keyof EtcdClientFiles;
  readonly message: string;
}

function day(date: Date): string {
  return date.toISOString().slice(0, 10);
}

function timeProblem(certificate: X509Certificate, now: Date): string | undefined {
  const { notBefore, notAfter } = describe(certificate);
  if (now > notAfter) return `expired on ${day(notAfter)}`;
  return now < notBefore ? `is valid only from ${day(notBefore)} on` : undefined;
}

/** Whatever can be seen of the files without asking anybody: form, dates, use, and whether the key belongs to the certificate. */
export function etcdClientProblems(files: EtcdClientFiles, now: Date): readonly EtcdClientProblem[] {
  const ca = readCertificate(files.caFile);
  const certificate = readCertificate(files.certFile);
  const key = readPrivateKey(files.keyFile);
  const problems: (EtcdClientProblem | undefined)[] = [];
  const add = (file: EtcdClientProblem['file'], message: string | undefined): void => {
    if (message !== undefined) problems.push({ file, message });
  };
  add(
    'caFile',
    ca === undefined ? 'holds no certificate in PEM form' : ((ca.ca ? undefined : 'is no CA certificate') ?? timeProblem(ca, now)),
  );
  if (certificate === undefined) add('certFile', 'holds no certificate in PEM form');
  else {
    add('certFile', timeProblem(certificate, now));
    // Without the extension a certificate may be used for everything.
    const isClient = certificate.keyUsage === undefined || describe(certificate).usages.includes('clientAuth');
    add('certFile', isClient ? undefined : 'may not be used as a client certificate: its extended key usage lacks clientAuth');
  }
  if (key === undefined) add('keyFile', 'holds no private key without passphrase in PEM form');
  else if (certificate?.checkPrivateKey(key) === false) add('keyFile', 'does not belong to certFile');
  return problems.filter((problem) => problem !== undefined);
}
