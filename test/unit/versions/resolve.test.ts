import { describe, expect, test } from 'vitest';
import { loadBuiltInCatalogue, resolveVersions } from '../../../src/versions/index.js';
import { aCatalogue, anOlderBundle, aRequest } from './catalogues.js';

describe('with the built-in catalogue', () => {
  test("the versions are kbs's defaults", () => {
    expect(resolveVersions(aRequest({ kubernetesVersion: 'v1.25.16' }), loadBuiltInCatalogue())).toEqual({
      kubernetes: 'v1.25.16',
      etcd: '3.5.9-0',
      etcdRelease: '3.5.9',
      coredns: 'v1.9.3',
      pause: '3.8',
      containerd: '1.6.28',
      runc: '1.1.12',
      criDockerd: '0.3.4',
      crio: '1.25.4',
      cniPlugins: '1.3.0',
      crictl: '1.25.0',
      flannel: 'v0.22.3',
      flannelCniPlugin: 'v1.2.0',
      calico: 'v3.25.2',
      gvisor: '20230807',
      kata: '3.1.3',
      kubeRouter: 'v1.3.2',
      agnhost: '2.40',
      haproxy: '2.6.12',
      kubeVip: 'v0.5.12',
    });
  });

  test('every supported Kubernetes version can be had', () => {
    for (let patch = 0; patch <= 16; patch += 1) {
      const kubernetesVersion = `v1.25.${patch}`;
      expect(resolveVersions(aRequest({ kubernetesVersion }), loadBuiltInCatalogue()).kubernetes).toBe(kubernetesVersion);
    }
  });

  test('the cluster file has the last word', () => {
    const spec = aRequest({
      containerRuntime: { type: 'containerd', cgroupDriver: 'systemd', install: 'artifact', version: 'v1.6.20', runcVersion: '1.1.5' },
      network: { cni: { type: 'flannel', version: 'v0.19.2' } },
    });
    expect(resolveVersions(spec, loadBuiltInCatalogue())).toMatchObject({
      containerd: '1.6.20',
      runc: '1.1.5',
      flannel: 'v0.19.2',
      flannelCniPlugin: 'v1.1.0',
    });
  });
});

describe('with a bundle', () => {
  test('of older parts, those are taken', () => {
    expect(resolveVersions(aRequest(), anOlderBundle())).toEqual({
      kubernetes: 'v1.25.0',
      etcd: '3.5.4-0',
      etcdRelease: '3.5.4',
      coredns: 'v1.9.3',
      pause: '3.8',
      containerd: '1.6.20',
      runc: '1.1.5',
      criDockerd: '0.3.4',
      crio: '1.25.4',
      cniPlugins: '1.1.1',
      crictl: '1.25.0',
      flannel: 'v0.19.2',
      flannelCniPlugin: 'v1.1.0',
      calico: 'v3.25.2',
      gvisor: '20230807',
      kata: '3.1.3',
      kubeRouter: 'v1.3.2',
      agnhost: '2.39',
      haproxy: '2.6.12',
      kubeVip: 'v0.5.12',
    });
  });

  test('the newest part wins by version, not by text', () => {
    const catalogue = aCatalogue({ ...parts, containerd: ['1.6.9', '1.6.20', '1.6.3'], runc: ['1.1.5', '1.1.10'] });
    expect(resolveVersions(aRequest(), catalogue)).toMatchObject({ containerd: '1.6.20', runc: '1.1.10' });
  });

  test('that has the default among others, the default wins over newer ones', () => {
    const catalogue = aCatalogue({ ...parts, containerd: ['1.6.28', '1.7.13'] });
    expect(resolveVersions(aRequest(), catalogue).containerd).toBe('1.6.28');
  });

  test('a version that was asked for and is not there is an error that says what is', () => {
    const spec = aRequest({ containerRuntime: { type: 'containerd', cgroupDriver: 'systemd', install: 'artifact', version: '1.6.28' } });
    expect(() => resolveVersions(spec, anOlderBundle())).toThrow(
      expect.objectContaining({ code: 'ARTIFACT_MISSING', exit: 8, details: ['it has: 1.6.20'] }),
    );
  });

  test('another Kubernetes version than asked for is an error, never a silent change', () => {
    expect(() => resolveVersions(aRequest({ kubernetesVersion: 'v1.25.16' }), anOlderBundle())).toThrow(
      expect.objectContaining({ code: 'ARTIFACT_MISSING', details: ['it has: 1.25.0'] }),
    );
  });

  test('an artifact that is not there at all is an error', () => {
    expect(() => resolveVersions(aRequest(), aCatalogue({ ...parts, crictl: [] }))).toThrow(
      expect.objectContaining({ code: 'ARTIFACT_MISSING' }),
    );
  });

  test.each([
    'registry.k8s.io/kube-proxy:v1.25.0',
    'registry.k8s.io/etcd:3.5.4-0',
    'docker.io/rancher/mirrored-flannelcni-flannel:v0.19.2',
    'docker.io/rancher/mirrored-flannelcni-flannel-cni-plugin:v1.1.0',
    'registry.k8s.io/e2e-test-images/agnhost:2.39',
  ])('without the image %s is refused', (without) => {
    expect(() => resolveVersions(aRequest(), anOlderBundle({ without }))).toThrow(expect.objectContaining({ code: 'ARTIFACT_MISSING' }));
  });

  test('needs no image of flannel when the pod network is not kbs’s', () => {
    const without = 'docker.io/rancher/mirrored-flannelcni-flannel:v0.19.2';
    const spec = aRequest({ network: { cni: { type: 'none' } } });
    expect(resolveVersions(spec, anOlderBundle({ without })).kubernetes).toBe('v1.25.0');
  });

  test('needs no containerd and runc when they come from the distribution', () => {
    const others = { ...parts, containerd: [], runc: [] };
    const spec = aRequest({ containerRuntime: { type: 'containerd', cgroupDriver: 'systemd', install: 'package' } });
    expect(resolveVersions(spec, aCatalogue(others)).kubernetes).toBe('v1.25.0');
    expect(() => resolveVersions(aRequest(), aCatalogue(others))).toThrow(expect.objectContaining({ code: 'ARTIFACT_MISSING' }));
  });
});

test('a version that is not supported is refused by name', () => {
  expect(() => resolveVersions(aRequest({ kubernetesVersion: 'v1.24.0' }), loadBuiltInCatalogue())).toThrow(
    expect.objectContaining({ code: 'CONFIG_INVALID' }),
  );
});

const parts = {
  kubelet: ['1.25.0'],
  kubectl: ['1.25.0'],
  crictl: ['1.25.0'],
  containerd: ['1.6.20'],
  runc: ['1.1.5'],
  'cni-plugins': ['1.1.1'],
};
