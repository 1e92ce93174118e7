import { describe, expect, test } from 'vitest';
import { clusterImages, imagesFor, loadBuiltInCatalogue, resolveVersions, type VersionRequest } from '../../../src/versions/index.js';
import { aRequest } from './catalogues.js';

function imagesOf(spec: VersionRequest) {
  return clusterImages(spec, resolveVersions(spec, loadBuiltInCatalogue()));
}

describe('image references', () => {
  test('are those of kubeadm v1.25.0, CoreDNS in its doubled path', () => {
    expect(imagesOf(aRequest())).toEqual({
      kubeApiserver: 'registry.k8s.io/kube-apiserver:v1.25.0',
      kubeControllerManager: 'registry.k8s.io/kube-controller-manager:v1.25.0',
      kubeScheduler: 'registry.k8s.io/kube-scheduler:v1.25.0',
      kubeProxy: 'registry.k8s.io/kube-proxy:v1.25.0',
      etcd: 'registry.k8s.io/etcd:3.5.4-0',
      coredns: 'registry.k8s.io/coredns/coredns:v1.9.3',
      pause: 'registry.k8s.io/pause:3.8',
      flannel: 'docker.io/flannel/flannel:v0.22.3',
      flannelCniPlugin: 'docker.io/flannel/flannel-cni-plugin:v1.2.0',
      calicoNode: 'docker.io/calico/node:v3.25.2',
      calicoCni: 'docker.io/calico/cni:v3.25.2',
      calicoKubeControllers: 'docker.io/calico/kube-controllers:v3.25.2',
      calicoTypha: 'docker.io/calico/typha:v3.25.2',
      agnhost: 'registry.k8s.io/e2e-test-images/agnhost:2.40',
      kubeRouter: 'docker.io/cloudnativelabs/kube-router:v1.3.2',
      haproxy: 'docker.io/library/haproxy:2.6.12',
      kubeVip: 'ghcr.io/kube-vip/kube-vip:v0.5.12',
    });
  });

  test('of another registry are flat, and flannel stays where it is', () => {
    expect(imagesOf(aRequest({ imageRepository: 'registry.example.org:5000/k8s' }))).toMatchObject({
      kubeProxy: 'registry.example.org:5000/k8s/kube-proxy:v1.25.0',
      coredns: 'registry.example.org:5000/k8s/coredns:v1.9.3',
      agnhost: 'registry.example.org:5000/k8s/agnhost:2.40',
      flannel: 'docker.io/flannel/flannel:v0.22.3',
    });
  });
});

describe('images of a host', () => {
  test('a control plane needs all of them but those of endpoints and of another pod network', () => {
    const { haproxy, kubeRouter, kubeVip, ...images } = imagesOf(aRequest());
    const needed = imagesFor('control-plane', aRequest(), { ...images, kubeRouter, haproxy, kubeVip });
    const wanted = Object.values(images).filter((image) => !image.includes('/calico/'));
    expect([...needed].sort()).toEqual(wanted.sort());
  });

  test('the endpoint’s image is needed where it runs: kube-vip on control planes, the load balancer of a node on workers', () => {
    const withProvider = (provider: 'kube-vip' | 'local-lb' | 'keepalived', role: 'control-plane' | 'worker') => {
      const spec = aRequest({ controlPlaneEndpoint: { provider } });
      return imagesFor(role, spec, imagesOf(spec)).filter((image) => /haproxy|kube-vip/.test(image));
    };
    expect(withProvider('kube-vip', 'control-plane')).toEqual(['ghcr.io/kube-vip/kube-vip:v0.5.12']);
    expect(withProvider('local-lb', 'worker')).toEqual(['docker.io/library/haproxy:2.6.12']);
    for (const role of ['control-plane', 'worker'] as const) expect(withProvider('keepalived', role)).toEqual([]);
    expect([...withProvider('kube-vip', 'worker'), ...withProvider('local-lb', 'control-plane')]).toEqual([]);
  });

  test('a worker needs none of the control plane', () => {
    const images = imagesOf(aRequest());
    const needed = imagesFor('worker', aRequest(), images);
    expect(needed).toContain(images.kubeProxy);
    expect(needed).toContain(images.coredns);
    for (const image of [images.etcd, images.kubeApiserver, images.kubeControllerManager, images.kubeScheduler]) {
      expect(needed).not.toContain(image);
    }
  });

  test('with a pod network of the user, no image of flannel', () => {
    const spec = aRequest({ network: { cni: { type: 'none' } } });
    expect(imagesFor('control-plane', spec, imagesOf(spec)).filter((image) => image.includes('flannel'))).toEqual([]);
  });
});
