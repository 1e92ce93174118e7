import { parseCatalogue, type Catalogue, type VersionRequest } from '../../../src/versions/index.js';

const DIGEST = 'a'.repeat(64);

/** A catalogue with these versions of each artifact and these images, all with the same digest. */
export function aCatalogue(artifacts: Readonly<Record<string, readonly string[]>>, images: readonly string[] = []): Catalogue {
  const document = {
    artifacts: Object.fromEntries(
      Object.entries(artifacts).map(([name, versions]) => [
        name,
        {
          url: `https://example.org/${name}/{version}/{arch}`,
          sha256: Object.fromEntries(versions.map((version) => [version, { amd64: DIGEST }])),
        },
      ]),
    ),
    images: Object.fromEntries(images.map((image) => [image, { url: 'images/{arch}/all.tar', sha256: { amd64: DIGEST } }])),
  };
  return parseCatalogue(document, 'test catalogue');
}

const KUBERNETES_IMAGES = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kube-proxy'];

/** What a bundle for v1.25.0 made of older parts than kbs's defaults has. */
export function anOlderBundle(options: { readonly without?: string } = {}): Catalogue {
  const images = [
    ...KUBERNETES_IMAGES.map((name) => `registry.k8s.io/${name}:v1.25.0`),
    'registry.k8s.io/etcd:3.5.4-0',
    'registry.k8s.io/coredns/coredns:v1.9.3',
    'registry.k8s.io/pause:3.8',
    'registry.k8s.io/e2e-test-images/agnhost:2.39',
    'docker.io/rancher/mirrored-flannelcni-flannel:v0.19.2',
    'docker.io/rancher/mirrored-flannelcni-flannel-cni-plugin:v1.1.0',
  ];
  return aCatalogue(
    {
      kubelet: ['1.25.0'],
      kubectl: ['1.25.0'],
      kubeadm: ['1.25.0'],
      crictl: ['1.25.0'],
      containerd: ['1.6.20'],
      runc: ['1.1.5'],
      'cni-plugins': ['1.1.1'],
    },
    images.filter((image) => image !== options.without),
  );
}

/** What a cluster file asks for; nothing but a Kubernetes version unless said otherwise. */
export function aRequest(changes: Partial<VersionRequest> = {}): VersionRequest {
  return {
    kubernetesVersion: 'v1.25.0',
    imageRepository: 'registry.k8s.io',
    containerRuntime: { type: 'containerd', cgroupDriver: 'systemd', install: 'artifact' },
    network: { cni: { type: 'flannel' } },
    ...changes,
  };
}
