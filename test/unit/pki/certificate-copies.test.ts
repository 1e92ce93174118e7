import { createDecipheriv } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  createCertificateKey,
  createSharedPki,
  decryptSharedPki,
  encryptSharedPki,
  parseCertificateKey,
  type SharedPki,
} from '../../../src/pki/index.js';

const KEYS = ['ca', 'etcd-ca', 'front-proxy-ca'].flatMap((name) => [`${name}.crt`, `${name}.key`]);

let pki: SharedPki;

beforeAll(async () => {
  pki = await createSharedPki(new Date());
});

describe('encrypted copies of the shared PKI', () => {
  test('have the names kubeadm looks for', () => {
    expect(Object.keys(encryptSharedPki(pki, createCertificateKey())).sort()).toEqual([...KEYS, 'sa.key', 'sa.pub'].sort());
  });

  test('are a nonce of twelve bytes, the ciphertext and a tag of sixteen', () => {
    const key = createCertificateKey();
    const sealed = Buffer.from(encryptSharedPki(pki, key)['ca.crt'] ?? '', 'base64');
    const decipher = createDecipheriv('aes-256-gcm', Buffer.from(key.reveal(), 'hex'), sealed.subarray(0, 12));
    decipher.setAuthTag(sealed.subarray(-16));
    const text = `${decipher.update(sealed.subarray(12, -16)).toString()}${decipher.final().toString()}`;
    expect(text).toBe(pki.ca.certificate);
  });

  test('have a nonce of their own each', () => {
    const nonces = Object.values(encryptSharedPki(pki, createCertificateKey())).map((text) => text.slice(0, 16));
    expect(new Set(nonces).size).toBe(nonces.length);
  });

  test('are opened with their key, whole', () => {
    const key = createCertificateKey();
    const opened = decryptSharedPki(encryptSharedPki(pki, key), key);
    expect(opened.ca.certificate).toBe(pki.ca.certificate);
    expect(opened.etcdCa?.privateKey.reveal()).toBe(pki.etcdCa?.privateKey.reveal());
    expect(opened.serviceAccount.publicKey).toBe(pki.serviceAccount.publicKey);
  });

  test('are not opened with another key, nor when a byte was changed', () => {
    const key = createCertificateKey();
    const copies = encryptSharedPki(pki, key);
    expect(() => decryptSharedPki(copies, createCertificateKey())).toThrow(expect.objectContaining({ code: 'CERTIFICATE_KEY_REFUSED' }));
    const changed = Buffer.from(copies['sa.key'] ?? '', 'base64');
    changed[20] = (changed[20] ?? 0) ^ 1;
    expect(() => decryptSharedPki({ ...copies, 'sa.key': changed.toString('base64') }, key)).toThrow(
      expect.objectContaining({ code: 'CERTIFICATE_KEY_REFUSED' }),
    );
  });

  test('without the key of a CA, as kubeadm stores them for an external CA, say what is missing', () => {
    const key = createCertificateKey();
    expect(() => decryptSharedPki({ ...encryptSharedPki(pki, key), 'ca.key': '' }, key)).toThrow(
      expect.objectContaining({ code: 'PKI_INVALID', message: expect.stringContaining('ca.key is missing') as string }),
    );
    expect(() => decryptSharedPki({}, key)).toThrow(expect.objectContaining({ code: 'PKI_INVALID' }));
  });
});

test('a certificate key is read in either case', () => {
  expect(parseCertificateKey(` ${'AB'.repeat(32)}\n`).reveal()).toBe('ab'.repeat(32));
});

test.each(['', 'abc', 'g'.repeat(64), 'a'.repeat(63)])('"%s" is no certificate key, and is not shown', (text) => {
  expect(() => parseCertificateKey(text)).toThrow(
    expect.objectContaining({ code: 'USAGE', message: expect.not.stringContaining('gg') as string }),
  );
});
