import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { ArtifactStore } from '../../../../src/bundle/index.js';
import type { ClusterSpec } from '../../../../src/config/index.js';
import { joinScript, partsBaseUrl, type JoinScriptInput } from '../../../../src/phases/join-script/index.js';
import { caCertHash, createSharedPki, parseBootstrapToken, publicKeyPlace } from '../../../../src/pki/index.js';
import { renderCloudInit } from '../../../../src/render/index.js';
import { clusterImages, loadBuiltInCatalogue, resolveVersions } from '../../../../src/versions/index.js';
import { aClusterSpec, type ClusterSpecOptions } from '../../../support/cluster-spec.js';

const TOKEN = 'abcdef.0123456789abcdef';
const ARCHIVE = { path: '/nowhere', sha256: 'a'.repeat(64), sizeBytes: 1 };
const directory = mkdtempSync(join(tmpdir(), 'kbs-join-script-'));

let ca: string;

beforeAll(async () => {
  ca = (await createSharedPki(new Date())).ca.certificate;
});
afterAll(() => rmSync(directory, { recursive: true }));

function aCluster(spec: ClusterSpecOptions['spec'] = {}): ClusterSpec {
  return aClusterSpec({ spec: { kubernetesVersion: 'v1.25.0', ...spec } });
}

/** The catalogue kbs is shipped with; archives hold one program each. */
function store(): ArtifactStore {
  return {
    catalogue: loadBuiltInCatalogue(),
    file: async (name) => ({ ...ARCHIVE, path: name }),
    imageArchive: async () => undefined,
    entries: async ({ path }) => [
      {
        name: path === 'containerd' ? 'bin/containerd' : path === 'crictl' ? 'crictl' : 'bridge',
        mode: 0o755,
        sha256: 'b'.repeat(64),
        sizeBytes: 1,
      },
    ],
    prefetch: async () => undefined,
  };
}

function inputFor(spec: ClusterSpec, changes: Partial<JoinScriptInput> = {}): JoinScriptInput {
  const artifacts = store();
  const versions = resolveVersions(spec, artifacts.catalogue);
  return {
    ...{ spec, artifacts, versions, images: clusterImages(spec, versions), architecture: 'amd64', artifactsUrl: undefined },
    registryCredentials: async () => [],
    ...{ server: 'https://k8s.example.org:6443', caCertificate: ca, token: parseBootstrapToken(TOKEN) },
    ...{ expires: '2030-01-02T03:04:05.000Z', version: '1.2.3' },
    ...changes,
  };
}

async function scriptFor(spec: ClusterSpec, changes: Partial<JoinScriptInput> = {}): Promise<string> {
  const text = (await joinScript(inputFor(spec, changes))).reveal();
  writeFileSync(join(directory, 'join.sh'), text);
  return text;
}

describe('a join script', () => {
  test('is refused where it would have to bring Kata', async () => {
    await expect(joinScript(inputFor(aCluster({ runtimeClasses: ['kata'] })))).rejects.toMatchObject({ code: 'USAGE' });
  });

  test.each([
    ['the defaults', {}],
    ['packages of the distribution', { containerRuntime: { install: 'package' } }],
    ['swap turned off and names in /etc/hosts', { preparation: { swap: 'off', hostsFile: true } }],
  ])('with %s is a shell script without a gap', async (_case, spec) => {
    const text = await scriptFor(aCluster(spec as ClusterSpecOptions['spec']));
    expect(spawnSync('sh', ['-n', join(directory, 'join.sh')]).stderr.toString()).toBe('');
    expect(text).not.toMatch(/\{\{|undefined|\[object/);
  });

  test('names the cluster, the hash of its CA, and how long the token in it lives', async () => {
    const head = (await scriptFor(aCluster())).split('\n').slice(0, 6).join('\n');
    expect(head).toContain(caCertHash(ca));
    expect(head).toContain('https://k8s.example.org:6443');
    expect(head).toContain('until 2030-01-02T03:04:05.000Z');
    expect((await scriptFor(aCluster(), { expires: undefined })).split('\n')[2]).toContain('for ever');
  });

  test('downloads from the official URLs, from a mirror, or from where a bundle is served, each with its sha256', async () => {
    const mirror = aCluster({ artifacts: { source: 'mirror', url: 'https://mirror.example.org/' } });
    const digest = loadBuiltInCatalogue().artifacts.kubelet?.sha256['1.25.0']?.['amd64'] ?? '';
    const kubelet = (text: string): string => text.split('\n').find((line) => line.startsWith(`program ${digest}`)) ?? '';
    expect(kubelet(await scriptFor(aCluster()))).toContain(' https://dl.k8s.io/release/v1.25.0/bin/linux/amd64/kubelet ');
    expect(kubelet(await scriptFor(mirror))).toContain(' https://mirror.example.org/dl.k8s.io/release/v1.25.0/');
    expect(kubelet(await scriptFor(mirror, { artifactsUrl: 'http://10.0.0.5:8080/' }))).toContain(
      ' http://10.0.0.5:8080/dl.k8s.io/release/',
    );
  });

  test('cannot take parts from a folder on the operator’s machine', () => {
    const bundle = { artifacts: { source: 'bundle', path: '/mnt/bundle' } } as const;
    expect(() => partsBaseUrl(bundle, undefined)).toThrow(expect.objectContaining({ code: 'USAGE' }));
    expect(partsBaseUrl(bundle, 'http://10.0.0.5:8080/')).toBe('http://10.0.0.5:8080');
  });

  test('has the token only where files of root are written from it', async () => {
    const lines = (await scriptFor(aCluster())).split('\n').filter((line) => line.includes('0123456789abcdef'));
    expect(lines.map((line) => line.trim())).toEqual([TOKEN, `token: ${TOKEN}`]);
  });

  test('finds the pinned public key in the CA with the tools of any machine', () => {
    writeFileSync(join(directory, 'ca.crt'), ca);
    const { start, bytes } = publicKeyPlace(ca);
    const command = `sed -n '/BEGIN/,/END/{/-----/!p}' ca.crt | base64 -d | tail -c +${start} | head -c ${bytes} | sha256sum`;
    const found = execFileSync('sh', ['-c', command], { cwd: directory }).toString();
    expect(`sha256:${found.split(' ')[0] ?? ''}`).toBe(caCertHash(ca));
  });

  test('as user-data of cloud-init is run at the first boot, readable by root alone', async () => {
    const script = await joinScript(inputFor(aCluster()));
    const text = renderCloudInit(script).reveal();
    expect(text.startsWith('#cloud-config\n')).toBe(true);
    // Some clouds take 16 KiB at most, and compressed files.
    expect(gzipSync(text).length).toBeLessThan(16_384);
    const data = parse(text) as { write_files: { path: string; permissions: string; content: string }[]; runcmd: unknown };
    const [file] = data.write_files;
    expect(file?.permissions).toBe('0600');
    expect(gunzipSync(Buffer.from(file?.content ?? '', 'base64')).toString()).toBe(script.reveal());
    expect(data.runcmd).toEqual([['sh', file?.path]]);
  });
});

test('a node with a load balancer of its own gets it from the script, and its kubelet goes through it', async () => {
  const text = await scriptFor(aCluster({ controlPlaneEndpoint: { provider: 'local-lb' } }));
  expect(text).toContain('put /etc/kubernetes/manifests/local-lb.yaml 600');
  expect(text).toContain('server: https://127.0.0.1:6443');
  expect(text).toContain('\nserver=https://k8s.example.org:6443\n');
  expect(await scriptFor(aCluster())).not.toContain('local-lb');
});
