import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ensurePackages, packageInputs, upstreamVersion } from './components/debian-packages.js';
import { labArchitecture } from './components/architecture.js';
import { ensureCacheEntry } from './components/cache-entry.js';
import { ensureGoSet, ensureKubernetes } from './components/go-build.js';
import { CRI_DOCKERD, CRI_DOCKERD_VERSION, CRICTL_VERSION, DEFAULT_KUBERNETES, ETCD, ETCD_VERSION } from './components/go-sets.js';
import { type TarEntry, writeTar } from './images-layer.js';

/** The artifacts of a bundle and where the official ones are found. */
export const ARTIFACT_URLS = {
  containerd: 'https://github.com/containerd/containerd/releases/download/v{version}/containerd-{version}-linux-{arch}.tar.gz',
  runc: 'https://github.com/opencontainers/runc/releases/download/v{version}/runc.{arch}',
  'cni-plugins': 'https://github.com/containernetworking/plugins/releases/download/v{version}/cni-plugins-linux-{arch}-v{version}.tgz',
  crictl: 'https://github.com/kubernetes-sigs/cri-tools/releases/download/v{version}/crictl-v{version}-linux-{arch}.tar.gz',
  'cri-dockerd': 'https://github.com/Mirantis/cri-dockerd/releases/download/v{version}/cri-dockerd-{version}.{arch}.tgz',
  etcd: 'https://github.com/etcd-io/etcd/releases/download/v{version}/etcd-v{version}-linux-{arch}.tar.gz',
  kubelet: 'https://dl.k8s.io/release/v{version}/bin/linux/{arch}/kubelet',
  kubectl: 'https://dl.k8s.io/release/v{version}/bin/linux/{arch}/kubectl',
  kubeadm: 'https://dl.k8s.io/release/v{version}/bin/linux/{arch}/kubeadm',
} as const;

/** The name of an artifact in the catalogue. */
export type ArtifactName = keyof typeof ARTIFACT_URLS;

/** A file of a bundle, still in the cache. */
export interface ArtifactFile {
  readonly name: ArtifactName;
  /** Without a leading `v`. */
  readonly version: string;
  readonly file: string;
}

const DEBIAN_PACKAGES = ['containerd', 'runc', 'containernetworking-plugins'] as const;

/** What the files from Debian packages depend on. */
export function artifactFileInputs(): Promise<string[]> {
  return packageInputs(DEBIAN_PACKAGES);
}

/** Makes the artifacts that do not depend on a Kubernetes version. `inputs` names what the recipe itself depends on. */
export function runtimeArtifacts(inputs: readonly string[]): (() => Promise<ArtifactFile>)[] {
  return [
    () =>
      packed('containerd', 'containerd', inputs, async (root) => [
        { path: 'bin', type: 'directory' },
        ...(await filesOf(join(root, 'usr/bin'), 'bin/')),
      ]),
    async () => {
      const { directory, versions } = await ensurePackages('runc', ['runc']);
      return { name: 'runc', version: upstreamVersion(versions['runc'] ?? ''), file: join(directory, 'usr/sbin/runc') };
    },
    () =>
      packed('cni-plugins', 'containernetworking-plugins', inputs, async (root) => [
        { path: '.', type: 'directory' },
        ...(await filesOf(join(root, 'usr/lib/cni'), './')),
      ]),
    async () => {
      const programs = await ensureKubernetes(DEFAULT_KUBERNETES);
      const entries: TarEntry[] = [{ path: 'crictl', type: 'file', source: join(programs, 'crictl') }];
      return {
        name: 'crictl',
        version: CRICTL_VERSION,
        file: await archived('crictl', [...inputs, programs], () => Promise.resolve(entries)),
      };
    },
    () => etcdArchive(inputs),
    () => criDockerdArchive(inputs),
  ];
}

/** In the official layout: everything in one folder with the archive's name. */
async function etcdArchive(inputs: readonly string[]): Promise<ArtifactFile> {
  const programs = await ensureGoSet(ETCD);
  const folder = `etcd-v${ETCD_VERSION}-linux-${labArchitecture().name}`;
  const entries: TarEntry[] = [
    { path: folder, type: 'directory' },
    ...['etcd', 'etcdctl'].map((name): TarEntry => ({ path: `${folder}/${name}`, type: 'file', source: join(programs, 'etcd') })),
    { path: `${folder}/README.md`, type: 'text', text: 'etcd and etcdctl\n' },
  ];
  return { name: 'etcd', version: ETCD_VERSION, file: await archived('etcd', [...inputs, programs], () => Promise.resolve(entries)) };
}

/** In the official layout: one program in a folder. What is in it is a stand-in. */
async function criDockerdArchive(inputs: readonly string[]): Promise<ArtifactFile> {
  const programs = await ensureGoSet(CRI_DOCKERD);
  const entries: TarEntry[] = [
    { path: 'cri-dockerd', type: 'directory' },
    { path: 'cri-dockerd/cri-dockerd', type: 'file', source: join(programs, 'cri-dockerd') },
  ];
  const file = await archived('cri-dockerd', [...inputs, programs], () => Promise.resolve(entries));
  return { name: 'cri-dockerd', version: CRI_DOCKERD_VERSION, file };
}

/** The artifacts of one Kubernetes version. */
export async function kubernetesArtifacts(version: string): Promise<ArtifactFile[]> {
  const programs = await ensureKubernetes(version);
  return (['kubelet', 'kubectl', 'kubeadm'] as const).map((name) => ({ name, version: version.slice(1), file: join(programs, name) }));
}

async function packed(
  name: ArtifactName,
  debianPackage: string,
  inputs: readonly string[],
  entries: (root: string) => Promise<TarEntry[]>,
): Promise<ArtifactFile> {
  const { directory, versions } = await ensurePackages(debianPackage, [debianPackage]);
  const version = upstreamVersion(versions[debianPackage] ?? '');
  return { name, version, file: await archived(name, [...inputs, directory], () => entries(directory)) };
}

async function archived(name: ArtifactName, inputs: readonly string[], entries: () => Promise<TarEntry[]>): Promise<string> {
  const directory = await ensureCacheEntry({
    name: `archive-${name}`,
    inputs,
    build: async (unfinished) => {
      await writeTar(join(unfinished, 'archive.tar.gz'), await entries(), { gzip: true, asGiven: true });
    },
  });
  return join(directory, 'archive.tar.gz');
}

async function filesOf(directory: string, prefix: string): Promise<TarEntry[]> {
  return (await readdir(directory)).sort().map((name) => ({ path: `${prefix}${name}`, type: 'file', source: join(directory, name) }));
}
