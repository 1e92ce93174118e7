import { readFile } from 'node:fs/promises';
import type { ClusterSpec } from '../config/index.js';
import { KbsError, messageOf } from '../errors/index.js';
import { etcdClientProblems, type EtcdClient } from '../pki/index.js';
import { Secret } from '../secret/index.js';

function invalid(details: readonly string[]): KbsError {
  return new KbsError('CONFIG_INVALID', 'the files of spec.etcd.external cannot be used', {
    details,
    remedy: ['openssl x509 -noout -subject -issuer -dates -ext extendedKeyUsage -in CERT_FILE', 'kbs explain CONFIG_INVALID'],
  });
}

async function readPem(field: string, path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    const reason = messageOf(cause);
    throw new KbsError('CONFIG_INVALID', `cannot read spec.etcd.external.${field}: ${reason}`, { cause });
  }
}

/**
 * Reads and judges the files that lead to the external etcd of a cluster file; nobody is asked.
 * @throws KbsError CONFIG_INVALID naming each file and what is wrong with it
 */
export async function readExternalEtcd({ etcd }: Pick<ClusterSpec, 'etcd'>, now: Date): Promise<EtcdClient> {
  const { external } = etcd;
  if (external === undefined) throw new KbsError('INTERNAL', 'the cluster file names no external etcd');
  const [caFile, certFile, keyText] = await Promise.all([
    readPem('caFile', external.caFile),
    readPem('certFile', external.certFile),
    readPem('keyFile', external.keyFile),
  ]);
  const keyFile = new Secret(keyText);
  const problems = etcdClientProblems({ caFile, certFile, keyFile }, now);
  if (problems.length > 0) {
    throw invalid(problems.map(({ file, message }) => `spec.etcd.external.${file} — ${external[file]} ${message}`));
  }
  return { caCertificate: caFile, pair: { certificate: certFile, privateKey: keyFile } };
}
