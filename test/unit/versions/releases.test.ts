import { expect, test } from 'vitest';
import { flannelRelease, isSupportedKubernetes, kubernetesRelease } from '../../../src/versions/index.js';

test.each([
  ['v1.25.0', '3.5.4-0'],
  ['v1.25.3', '3.5.4-0'],
  ['v1.25.4', '3.5.5-0'],
  ['v1.25.5', '3.5.6-0'],
  ['v1.25.14', '3.5.6-0'],
  ['v1.25.15', '3.5.9-0'],
  ['v1.25.16', '3.5.9-0'],
])('Kubernetes %s comes with etcd %s, CoreDNS v1.9.3 and pause 3.8', (version, etcd) => {
  expect(kubernetesRelease(version)).toEqual({ etcd, coredns: 'v1.9.3', pause: '3.8' });
});

test.each(['v1.24.17', 'v1.25.17', 'v1.25.99', 'v1.26.0', 'v1.27.0', '1.25.0', 'v1.25', 'v1.25.0-rc.0', 'v1.25.0+x'])(
  'Kubernetes %s is not supported',
  (version) => {
    expect(isSupportedKubernetes(version)).toBe(false);
    expect(kubernetesRelease(version)).toBeUndefined();
  },
);

test.each([
  ['v0.19.1', 'docker.io/rancher/mirrored-flannelcni-flannel', 'v1.1.0'],
  ['v0.20.2', 'docker.io/rancher/mirrored-flannelcni-flannel', 'v1.1.0'],
  ['v0.21.0', 'docker.io/flannel/flannel', 'v1.1.2'],
  ['v0.22.0', 'docker.io/flannel/flannel', 'v1.1.2'],
  ['v0.22.1', 'docker.io/flannel/flannel', 'v1.2.0'],
  ['v0.22.3', 'docker.io/flannel/flannel', 'v1.2.0'],
])('flannel %s is the image %s with CNI plugin %s', (version, repository, cniPluginTag) => {
  expect(flannelRelease(version)).toEqual({ repository, cniPluginRepository: `${repository}-cni-plugin`, cniPluginTag });
});

test.each(['v0.19.0', 'v0.22.4', 'v0.23.0', '0.22.3', 'latest'])('flannel %s is not known', (version) => {
  expect(flannelRelease(version)).toBeUndefined();
});
