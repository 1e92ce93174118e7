import { beforeAll, describe, expect, test } from 'vitest';
import type { KubeObject } from '../../../src/kube/index.js';
import { checkUploadedCertificates, uploadCertificates } from '../../../src/operations/tokens/upload-certificates.js';
import { createCertificateKey, createSharedPki, decryptSharedPki, type SharedPki } from '../../../src/pki/index.js';
import { memoryKube, type MemoryKube } from '../../support/memory-kube.js';

const NOW = new Date('2026-01-02T03:04:05.678Z');

let pki: SharedPki;

beforeAll(async () => {
  pki = await createSharedPki(NOW);
});

function secretNamed(kube: MemoryKube, pattern: RegExp): KubeObject {
  const found = [...kube.objects.values()].filter(({ kind, metadata }) => kind === 'Secret' && pattern.test(metadata.name));
  expect(found).toHaveLength(1);
  return found[0] as KubeObject;
}

function dataOf(secret: KubeObject): Readonly<Record<string, string>> {
  return secret['data'] as Readonly<Record<string, string>>;
}

describe('uploaded certificates', () => {
  test('are opened with the key, and go with a token nobody can use after two hours', async () => {
    const kube = memoryKube();
    const certificateKey = createCertificateKey();
    const expires = await uploadCertificates(kube.api, { pki, certificateKey, now: NOW });
    expect(expires.toISOString()).toBe('2026-01-02T05:04:05.678Z');
    const lifetime = secretNamed(kube, /^bootstrap-token-/);
    expect(Object.keys(dataOf(lifetime)).sort()).toEqual(['description', 'expiration', 'token-id', 'token-secret']);
    expect(Buffer.from(dataOf(lifetime)['expiration'] ?? '', 'base64').toString()).toBe('2026-01-02T05:04:05Z');
    const copies = secretNamed(kube, /^kubeadm-certs$/);
    expect(copies.metadata['ownerReferences']).toEqual([
      expect.objectContaining({ kind: 'Secret', name: lifetime.metadata.name, controller: true }),
    ]);
    expect(decryptSharedPki(dataOf(copies), certificateKey).ca.certificate).toBe(pki.ca.certificate);
    expect(JSON.stringify([...kube.objects.values()])).not.toContain(certificateKey.reveal());
  });

  test('are for those who come with a bootstrap token', async () => {
    const kube = memoryKube();
    await uploadCertificates(kube.api, { pki, certificateKey: createCertificateKey(), now: NOW });
    expect(kube.objects.get('Role kube-system/kubeadm:kubeadm-certs')?.['rules']).toEqual([
      { apiGroups: [''], resources: ['secrets'], resourceNames: ['kubeadm-certs'], verbs: ['get'] },
    ]);
    expect(kube.objects.get('RoleBinding kube-system/kubeadm:kubeadm-certs')).toMatchObject({
      subjects: [{ kind: 'Group', name: 'system:bootstrappers:kubeadm:default-node-token' }],
    });
  });

  test('take the place of former ones, and of the token that ended those', async () => {
    const kube = memoryKube();
    const former = createCertificateKey();
    await uploadCertificates(kube.api, { pki, certificateKey: former, now: NOW });
    await uploadCertificates(kube.api, { pki, certificateKey: createCertificateKey(), now: NOW });
    secretNamed(kube, /^bootstrap-token-/);
    await expect(checkUploadedCertificates(kube.api, former)).rejects.toMatchObject({ code: 'CERTIFICATE_KEY_REFUSED' });
  });

  test('that are not there make a key good for nothing', async () => {
    await expect(checkUploadedCertificates(memoryKube().api, createCertificateKey())).rejects.toMatchObject({ code: 'STEP_MISSING' });
  });
});
