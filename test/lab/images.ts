import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureGoSet, ensureKubernetes, goSetInputs, moduleDirectory } from './components/go-build.js';
import {
  COREDNS,
  DEFAULT_KUBERNETES,
  ETCD,
  FLANNEL,
  FLANNEL_CNI,
  type GoSet,
  KUBE_ROUTER,
  kubernetesSet,
  PAUSE,
} from './components/go-sets.js';
import type { Image, ImageLayer } from './images-archive.js';
import { baseLayerInputs, ensureBaseLayers, ROOT_LAYER } from './images-base.js';
import { haproxyImages, haproxyInputs } from './images-haproxy.js';
import type { TarEntry } from './images-layer.js';

/** An archive of the bundle and how its images are made. */
export interface ImageArchive {
  /** Below the bundle directory, with `{arch}` in place of the architecture. */
  readonly path: string;
  /** What the images consist of, for the key of the archive. */
  readonly inputs: () => Promise<string[]>;
  /** Builds what the images consist of, if need be. */
  readonly images: () => Promise<readonly Image[]>;
}

const DISTROLESS_ENVIRONMENT = [
  'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  'SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt',
];

/** All archives of a bundle for these Kubernetes versions. */
export function imageArchives(versions: readonly string[]): ImageArchive[] {
  return [
    ...versions.map((version) => archive(`kubernetes-${version}`, () => kubernetesImages(version), kubernetesSet(version))),
    archive('etcd-3.5.4-0', etcdImages, ETCD),
    archive('coredns-v1.9.3', corednsImages, COREDNS),
    archive('pause-3.8', pauseImages, PAUSE),
    archive('flannel-v0.19.2', flannelImages, FLANNEL, FLANNEL_CNI),
    archive('kube-router-v1.3.2', kubeRouterImages, KUBE_ROUTER),
    archive('agnhost', agnhostImages, kubernetesSet(DEFAULT_KUBERNETES)),
    { path: 'images/{arch}/haproxy-2.6.12.tar', inputs: haproxyInputs, images: haproxyImages },
  ];
}

function archive(name: string, images: () => Promise<readonly Image[]>, ...sets: readonly GoSet[]): ImageArchive {
  const inputs = async (): Promise<string[]> => [...(await baseLayerInputs()), ...(await Promise.all(sets.map(goSetInputs))).flat()];
  return { path: `images/{arch}/${name}.tar`, inputs, images };
}

async function kubernetesImages(version: string): Promise<Image[]> {
  const programs = await ensureKubernetes(version);
  const { shell, network } = await ensureBaseLayers();
  const shared: ImageLayer = { name: `Kubernetes ${version}`, entries: [file('usr/local/bin/kubernetes', join(programs, 'kubernetes'))] };
  // The program is in the same place of every image, so that a host unpacks it once for all of them.
  const image = (name: string, ...others: readonly ImageLayer[]): Image => ({
    name: `registry.k8s.io/${name}:${version}`,
    layers: [ROOT_LAYER, shared, ...others, { name, entries: [{ path: `usr/local/bin/${name}`, type: 'symlink', target: 'kubernetes' }] }],
    environment: DISTROLESS_ENVIRONMENT,
  });
  return [image('kube-apiserver'), image('kube-controller-manager'), image('kube-scheduler'), image('kube-proxy', shell, network)];
}

async function etcdImages(): Promise<Image[]> {
  const programs = await ensureGoSet(ETCD);
  const { shell } = await ensureBaseLayers();
  const own: ImageLayer = {
    name: 'etcd 3.5.4',
    entries: [file('usr/local/bin/etcd', join(programs, 'etcd')), { path: 'usr/local/bin/etcdctl', type: 'symlink', target: 'etcd' }],
  };
  return [
    {
      name: 'registry.k8s.io/etcd:3.5.4-0',
      layers: [shell, own],
      environment: DISTROLESS_ENVIRONMENT,
      ports: ['2379/tcp', '2380/tcp', '4001/tcp', '7001/tcp'],
    },
  ];
}

async function corednsImages(): Promise<Image[]> {
  const programs = await ensureGoSet(COREDNS);
  return [
    {
      name: 'registry.k8s.io/coredns/coredns:v1.9.3',
      layers: [{ name: 'CoreDNS 1.9.3', entries: [file('coredns', join(programs, 'coredns'))] }],
      entrypoint: ['/coredns'],
      ports: ['53/tcp', '53/udp'],
    },
  ];
}

async function pauseImages(): Promise<Image[]> {
  const programs = await ensureGoSet(PAUSE);
  return [
    {
      name: 'registry.k8s.io/pause:3.8',
      layers: [{ name: 'pause', entries: [file('pause', join(programs, 'pause'))] }],
      entrypoint: ['/pause'],
      user: '65535:65535',
    },
  ];
}

async function flannelImages(): Promise<Image[]> {
  const daemon = await ensureGoSet(FLANNEL);
  const plugin = await ensureGoSet(FLANNEL_CNI);
  const { shell, network } = await ensureBaseLayers();
  return [
    {
      name: 'docker.io/rancher/mirrored-flannelcni-flannel:v0.19.2',
      layers: [shell, network, { name: 'flannel v0.19.2', entries: [file('opt/bin/flanneld', join(daemon, 'flannel'))] }],
      entrypoint: ['/opt/bin/flanneld'],
    },
    {
      name: 'docker.io/rancher/mirrored-flannelcni-flannel-cni-plugin:v1.1.0',
      layers: [shell, { name: 'CNI plugin flannel', entries: [file('flannel', join(plugin, 'flannel'))] }],
      command: ['/bin/sh'],
    },
  ];
}

async function kubeRouterImages(): Promise<Image[]> {
  const programs = await ensureGoSet(KUBE_ROUTER);
  const { shell, network } = await ensureBaseLayers();
  return [
    {
      name: 'docker.io/cloudnativelabs/kube-router:v1.3.2',
      layers: [shell, network, { name: 'kube-router v1.3.2', entries: [file('usr/local/bin/kube-router', join(programs, 'kube-router'))] }],
      entrypoint: ['/usr/local/bin/kube-router'],
    },
  ];
}

async function agnhostImages(): Promise<Image[]> {
  const programs = await ensureKubernetes(DEFAULT_KUBERNETES);
  const { shell } = await ensureBaseLayers();
  const source = join(await moduleDirectory(kubernetesSet(DEFAULT_KUBERNETES), 'k8s.io/kubernetes'), 'test/images/agnhost');
  const version = (await readFile(join(source, 'VERSION'), 'utf8')).trim();
  const own: ImageLayer = {
    name: `agnhost ${version}`,
    entries: [
      file('agnhost', join(programs, 'agnhost')),
      { path: 'agnhost-2', type: 'symlink', target: 'agnhost' },
      { ...file('localhost.crt', join(source, 'porter/localhost.crt')), mode: 0o644 },
      { ...file('localhost.key', join(source, 'porter/localhost.key')), mode: 0o644 },
      { path: 'uploads', type: 'directory' },
    ],
  };
  return [
    {
      name: `registry.k8s.io/e2e-test-images/agnhost:${version}`,
      layers: [shell, own],
      entrypoint: ['/agnhost'],
      command: ['pause'],
      ports: ['80/tcp', '8080/tcp', '8081/tcp', '9376/tcp', '5000/tcp'],
    },
  ];
}

function file(path: string, source: string): TarEntry & { readonly type: 'file' } {
  return { path, type: 'file', source };
}
