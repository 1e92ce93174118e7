import { execFileSync } from 'node:child_process';
import { createPrivateKey } from 'node:crypto';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { KbsError } from '../../../src/errors/index.js';
import { caCertHash, createSharedPki, SHARED_PKI_FILES, sharedPkiFromFiles, type SharedPki } from '../../../src/pki/index.js';
import { Secret } from '../../../src/secret/index.js';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const now = new Date('2026-11-21T00:00:00Z');
let shared: SharedPki;
let other: SharedPki;

beforeAll(async () => {
  [shared, other] = await Promise.all([createSharedPki(now), createSharedPki(now)]);
});

/** The files of the shared PKI with some of them changed, or left out when undefined. */
function filesWith(changes: Readonly<Record<string, string | Secret | undefined>> = {}): Map<string, string | Secret> {
  const files = new Map(SHARED_PKI_FILES.map((file) => [file.path, file.content(shared)]));
  for (const [path, content] of Object.entries(changes)) {
    if (content === undefined) files.delete(path);
    else files.set(path, content);
  }
  return files;
}

function problemsOf(files: ReadonlyMap<string, string | Secret>): readonly string[] {
  try {
    sharedPkiFromFiles(files);
  } catch (error) {
    if (error instanceof KbsError && error.code === 'PKI_INVALID') return error.details;
    throw error;
  }
  return [];
}

function encrypted(key: Secret): Secret {
  const pem = createPrivateKey(key.reveal()).export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' });
  return new Secret(pem.toString());
}

describe('the files of the shared PKI', () => {
  test('are kubeadm’s, with its modes', () => {
    expect(SHARED_PKI_FILES.map(({ path, mode }) => `${mode.toString(8)} ${path}`)).toEqual([
      '644 ca.crt',
      '600 ca.key',
      '644 etcd/ca.crt',
      '600 etcd/ca.key',
      '644 front-proxy-ca.crt',
      '600 front-proxy-ca.key',
      '600 sa.key',
      '600 sa.pub',
    ]);
  });

  test('hold every key as a secret', () => {
    const secrets = SHARED_PKI_FILES.filter((file) => file.content(shared) instanceof Secret).map(({ path }) => path);
    expect(secrets).toEqual(['ca.key', 'etcd/ca.key', 'front-proxy-ca.key', 'sa.key']);
  });

  test('read back are the same PKI', () => {
    const read = sharedPkiFromFiles(filesWith());
    expect(SHARED_PKI_FILES.map((file) => read && String(file.content(read)))).toEqual(
      SHARED_PKI_FILES.map((file) => String(file.content(shared))),
    );
    expect(read?.ca.privateKey.reveal()).toBe(shared.ca.privateKey.reveal());
  });

  test('that are not there at all are no PKI, and no error', () => {
    expect(sharedPkiFromFiles(new Map([['apiserver.crt', 'x']]))).toBeUndefined();
  });

  test('may be PKCS#8, and lack the public key of service accounts', () => {
    const pkcs8 = createPrivateKey(shared.ca.privateKey.reveal()).export({ type: 'pkcs8', format: 'pem' }).toString();
    const read = sharedPkiFromFiles(filesWith({ 'ca.key': pkcs8, 'sa.pub': undefined }));
    expect(read?.ca.privateKey.reveal()).toBe(pkcs8);
    expect(read?.serviceAccount.publicKey).toBe(shared.serviceAccount.publicKey);
  });

  test('may hold older public keys of service accounts besides the present one', () => {
    const both = `${other.serviceAccount.publicKey}${shared.serviceAccount.publicKey}`;
    expect(sharedPkiFromFiles(filesWith({ 'sa.pub': both }))?.serviceAccount.publicKey).toBe(both);
  });

  test.each([
    ['ca.key is missing', { 'ca.key': undefined }],
    ['etcd/ca.crt is missing', { 'etcd/ca.crt': undefined }],
    ['ca.crt is no certificate', { 'ca.crt': 'torn' }],
    ['sa.key is missing', { 'sa.key': undefined }],
    ['sa.key is no private key without passphrase', { 'sa.key': 'torn' }],
  ])('are refused when %s', (problem, changes) => {
    expect(problemsOf(filesWith(changes))).toEqual([problem]);
  });

  test('are refused when a key belongs to something else', () => {
    const changes = { 'front-proxy-ca.key': other.frontProxyCa.privateKey, 'sa.pub': other.serviceAccount.publicKey };
    expect(problemsOf(filesWith(changes))).toEqual([
      'front-proxy-ca.key does not belong to front-proxy-ca.crt',
      'sa.pub does not belong to sa.key',
    ]);
  });

  test('are refused when a key has a passphrase', () => {
    expect(problemsOf(filesWith({ 'ca.key': encrypted(shared.ca.privateKey) }))).toEqual(['ca.key is no private key without passphrase']);
  });

  test('are named all at once when several are wrong', () => {
    expect(problemsOf(new Map([['ca.crt', shared.ca.certificate]]))).toHaveLength(6);
  });
});

test('the hash of a CA is that of its public key, as OpenSSL computes it', () => {
  const publicKey = execFileSync('openssl', ['x509', '-pubkey', '-noout'], { input: shared.ca.certificate });
  const der = execFileSync('openssl', ['pkey', '-pubin', '-outform', 'der'], { input: publicKey });
  const digest = execFileSync('openssl', ['dgst', '-sha256', '-r'], { input: der, encoding: 'utf8' }).slice(0, 64);
  expect(caCertHash(shared.ca.certificate)).toBe(`sha256:${digest}`);
});
