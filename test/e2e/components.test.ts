import { createReadStream } from 'node:fs';
import { mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { extract } from 'tar-stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ensureArtifacts } from '../lab/artifacts.js';
import { artifactPath, CATALOGUE_FILE, type Catalogue, imagePath } from '../lab/artifacts-catalogue.js';
import { output } from '../lab/command.js';
import { labArchitecture } from '../lab/components/architecture.js';
import { sha256OfFile } from '../lab/components/digest.js';
import { ensureGoSet, ensureKubernetes } from '../lab/components/go-build.js';
import { renderGoMod } from '../lab/components/go-module.js';
import { DEFAULT_KUBERNETES, ETCD } from '../lab/components/go-sets.js';
import { type Mirror, startMirror } from '../lab/mirror.js';

const architecture = labArchitecture().name;
let directory: string;
let catalogue: Catalogue;
let scratch: string;

beforeAll(async () => {
  ({ directory } = await ensureArtifacts());
  catalogue = JSON.parse(await readFile(join(directory, CATALOGUE_FILE), 'utf8')) as Catalogue;
  scratch = await mkdtemp(join(tmpdir(), 'kbs-components-'));
});

afterAll(() => rm(scratch, { recursive: true, force: true }));

/** Small files of a tar archive by name; of large ones only the name. */
async function readArchive(file: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const reader = extract();
  const read = (async () => {
    for await (const entry of reader) {
      const chunks: Buffer[] = [];
      for await (const chunk of entry) if (entry.header.name.endsWith('.json')) chunks.push(chunk as Buffer);
      found.set(entry.header.name, Buffer.concat(chunks).toString('utf8'));
    }
  })();
  await Promise.all([pipeline(createReadStream(file), reader), read]);
  return found;
}

describe('the bundle', () => {
  test('has the artifacts and images a cluster is made of', () => {
    expect(Object.keys(catalogue.artifacts).sort()).toEqual([
      'cni-plugins',
      'containerd',
      'cri-dockerd',
      'crictl',
      'etcd',
      'kubeadm',
      'kubectl',
      'kubelet',
      'runc',
    ]);
    expect(Object.keys(catalogue.images).sort()).toEqual([
      'docker.io/cloudnativelabs/kube-router:v1.3.2',
      'docker.io/library/haproxy:2.6.12',
      'docker.io/rancher/mirrored-flannelcni-flannel-cni-plugin:v1.1.0',
      'docker.io/rancher/mirrored-flannelcni-flannel:v0.19.2',
      'registry.k8s.io/coredns/coredns:v1.9.3',
      'registry.k8s.io/e2e-test-images/agnhost:2.40',
      'registry.k8s.io/etcd:3.5.4-0',
      'registry.k8s.io/kube-apiserver:v1.25.0',
      'registry.k8s.io/kube-controller-manager:v1.25.0',
      'registry.k8s.io/kube-proxy:v1.25.0',
      'registry.k8s.io/kube-scheduler:v1.25.0',
      'registry.k8s.io/pause:3.8',
    ]);
  });

  test('has files with the digests of its catalogue', async () => {
    for (const { url, sha256 } of Object.values(catalogue.artifacts)) {
      for (const [version, digests] of Object.entries(sha256)) {
        expect(await sha256OfFile(join(directory, artifactPath(url, version, architecture))), url).toBe(digests[architecture]);
      }
    }
    for (const [name, { url, sha256 }] of Object.entries(catalogue.images)) {
      expect(await sha256OfFile(join(directory, imagePath(url, architecture))), name).toBe(sha256[architecture]);
    }
  });

  test('has image archives whose manifests name each image, its configuration and its layers', async () => {
    for (const url of new Set(Object.values(catalogue.images).map((image) => image.url))) {
      const files = await readArchive(join(directory, imagePath(url, architecture)));
      const manifest = JSON.parse(files.get('manifest.json') ?? '[]') as { Config: string; RepoTags: string[]; Layers: string[] }[];
      const expected = Object.entries(catalogue.images).filter(([, image]) => image.url === url);
      expect(manifest.flatMap((image) => image.RepoTags).sort()).toEqual(expected.map(([name]) => name));
      for (const { Config, Layers } of manifest) {
        const config = JSON.parse(files.get(Config) ?? '{}') as { architecture: string; rootfs: { diff_ids: string[] } };
        expect(config.architecture).toBe(architecture);
        expect(config.rootfs.diff_ids).toEqual(Layers.map((layer) => `sha256:${layer.replace(/\.tar\.gz$/, '')}`));
        expect(Layers.filter((layer) => !files.has(layer))).toEqual([]);
      }
    }
  });
});

describe('the programs', () => {
  test.each(['kubelet', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kube-proxy'])(
    '%s says its version',
    async (name) => {
      const programs = await ensureKubernetes(DEFAULT_KUBERNETES);
      const called = join(scratch, name);
      await symlink(join(programs, name === 'kubelet' ? name : 'kubernetes'), called);
      expect(await output([called, '--version'])).toBe('Kubernetes v1.25.0\n');
    },
  );

  test('kube-apiserver explains its flags', async () => {
    expect(await output([join(scratch, 'kube-apiserver'), '--help'])).toContain('--service-account-issuer');
  });

  test('kubeadm and kubectl say the same version', async () => {
    const programs = await ensureKubernetes(DEFAULT_KUBERNETES);
    expect(await output([join(programs, 'kubeadm'), 'version', '-o', 'short'])).toBe('v1.25.0\n');
    expect(await output([join(programs, 'kubectl'), 'version', '--client', '-o', 'json'])).toContain('"gitVersion": "v1.25.0"');
  });

  test('etcd and etcdctl are one program with two names', async () => {
    const etcd = join(await ensureGoSet(ETCD), 'etcd');
    const etcdctl = join(scratch, 'etcdctl');
    await symlink(etcd, etcdctl);
    expect(await output([etcd, '--version'])).toContain('etcd Version: 3.5.4\n');
    expect(await output([etcdctl, 'version'])).toContain('etcdctl version: 3.5.4\n');
  });

  test('crictl says that it is a stand-in', async () => {
    const crictl = join(await ensureKubernetes(DEFAULT_KUBERNETES), 'crictl');
    expect(await output([crictl, '--version'])).toBe('crictl version v1.25.0\n');
    expect(await output([crictl, '--help'])).toContain('stand-in');
  });

  test('another Kubernetes version gets all its modules at that version', async () => {
    const template = await readFile(new URL('../lab/components/kubernetes/go.mod', import.meta.url), 'utf8');
    const rendered = renderGoMod(template, 'v1.26.0');
    expect(rendered).toContain('require k8s.io/kubernetes v1.26.0\n');
    expect(rendered).toContain('k8s.io/kubelet => k8s.io/kubelet v0.26.0\n');
    expect(rendered).toContain('replace k8s.io/kms => k8s.io/kms v0.26.0\n');
    expect(rendered).not.toContain('v0.25.0');
  });
});

describe('the mirror', () => {
  const file = `images/${architecture}/pause-3.8.tar`;
  let mirror: Mirror;

  beforeAll(async () => {
    mirror = await startMirror({ directory, address: '127.0.0.1' });
  });
  afterAll(() => mirror.stop());

  const fetchFile = async (headers: Record<string, string> = {}): Promise<Buffer> =>
    Buffer.from(await (await fetch(`${mirror.url}/${file}`, { headers })).arrayBuffer());

  test('serves whole files, parts of them and their headers', async () => {
    const whole = await readFile(join(directory, file));
    expect(whole.equals(await fetchFile())).toBe(true);
    expect(whole.subarray(1000, 3000).equals(await fetchFile({ range: 'bytes=1000-2999' }))).toBe(true);
    expect(whole.subarray(-10).equals(await fetchFile({ range: 'bytes=-10' }))).toBe(true);
    const head = await fetch(`${mirror.url}/${file}`, { method: 'HEAD' });
    expect(head.headers.get('content-length')).toBe(String(whole.length));
    const again = await fetch(`${mirror.url}/${file}`, { headers: { 'if-none-match': head.headers.get('etag') ?? '' } });
    expect(again.status).toBe(304);
  });

  test('answers 404 for what is not there and for what is outside its directory', async () => {
    expect((await fetch(`${mirror.url}/nothing`)).status).toBe(404);
    expect((await fetch(`${mirror.url}/%2e%2e/%2e%2e/etc/passwd`)).status).toBe(404);
  });

  test('breaks off, spoils and heals a file, and tells what was asked for', async () => {
    await mirror.breakAfter(file, 4096);
    await expect(fetchFile()).rejects.toThrow();
    await mirror.corrupt(file);
    const whole = await readFile(join(directory, file));
    const spoilt = await fetchFile();
    expect(spoilt.length).toBe(whole.length);
    expect(spoilt.equals(whole)).toBe(false);
    await mirror.heal();
    expect(whole.equals(await fetchFile())).toBe(true);
    expect(await mirror.requests()).toContainEqual({ method: 'GET', path: file, status: 206, range: 'bytes=1000-2999' });
  });

  test('is gone after it was stopped', async () => {
    const other = await startMirror({ directory, address: '127.0.0.1' });
    await other.stop();
    await expect(fetch(`${other.url}/${CATALOGUE_FILE}`)).rejects.toThrow();
    await expect(other.requests()).rejects.toThrow('the mirror has ended');
  });
});
