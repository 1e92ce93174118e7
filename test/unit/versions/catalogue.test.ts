import { describe, expect, test } from 'vitest';
import { ARTIFACT_NAMES, loadBuiltInCatalogue, parseCatalogue, versionsIn } from '../../../src/versions/index.js';

const DIGEST = 'a'.repeat(64);
const kubelet = { url: 'https://example.org/{version}/{arch}/kubelet', sha256: { '1.25.0': { amd64: DIGEST } } };

describe('the built-in catalogue', () => {
  test('has every artifact for amd64 and arm64, but Kata, of which there is one for amd64 alone', () => {
    const { artifacts, images } = loadBuiltInCatalogue();
    for (const name of ARTIFACT_NAMES) {
      const digests = Object.values(artifacts[name]?.sha256 ?? {});
      expect(digests.length, name).toBeGreaterThan(0);
      const architectures = name === 'kata-containers' ? ['amd64'] : ['amd64', 'arm64'];
      for (const byArchitecture of digests) expect(Object.keys(byArchitecture).sort()).toEqual(architectures);
    }
    expect(images).toEqual({});
  });

  test('has no digest twice', () => {
    const digests = Object.values(loadBuiltInCatalogue().artifacts).flatMap((artifact) =>
      Object.values(artifact.sha256).flatMap((byArchitecture) => Object.values(byArchitecture)),
    );
    expect(new Set(digests).size).toBe(digests.length);
  });

  test('pins the published digest of kubelet v1.25.0', () => {
    expect(loadBuiltInCatalogue().artifacts.kubelet?.sha256['1.25.0']?.['amd64']).toBe(
      '7f9183fce12606818612ce80b6c09757452c4fb50aefea5fc5843951c5020e24',
    );
  });

  test('has all seventeen patches of Kubernetes v1.25', () => {
    expect(versionsIn(loadBuiltInCatalogue(), 'kubelet')).toHaveLength(17);
  });
});

describe('a checksum file', () => {
  test('may have artifacts that kbs does not know', () => {
    const catalogue = parseCatalogue({ artifacts: { kubelet, helm: { url: 1 } } }, 'test');
    expect(Object.keys(catalogue.artifacts)).toEqual(['kubelet']);
    expect(catalogue.images).toEqual({});
  });

  test.each([
    ['a list', []],
    ['nothing', null],
    ['a text for artifacts', { artifacts: 'kubelet' }],
    ['an artifact without URL', { artifacts: { kubelet: { sha256: {} } } }],
    ['an artifact with a path for a URL', { artifacts: { kubelet: { ...kubelet, url: 'kubelet' } } }],
    ['an artifact that leads out of the folder', { artifacts: { kubelet: { ...kubelet, url: 'https://example.org/../../etc/passwd' } } }],
    ['a digest in upper case', { artifacts: { kubelet: { ...kubelet, sha256: { '1.25.0': { amd64: 'A'.repeat(64) } } } } }],
    ['a short digest', { artifacts: { kubelet: { ...kubelet, sha256: { '1.25.0': { amd64: 'abc' } } } } }],
    ['an image archive that leads out of the folder', { images: { a: { url: '../a.tar', sha256: {} } } }],
    ['an image archive with an absolute path', { images: { a: { url: '/a.tar', sha256: {} } } }],
    ['an image archive elsewhere', { images: { a: { url: 'https://example.org/a.tar', sha256: {} } } }],
  ])('with %s is refused', (_, document) => {
    expect(() => parseCatalogue(document, 'test')).toThrow(expect.objectContaining({ code: 'ARTIFACT_MISSING' }));
  });
});
