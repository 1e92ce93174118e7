import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { containerRuntimeFiles, runtimeOf } from '../../../../src/phases/container-runtime/index.js';
import { formerRegistriesStep } from '../../../../src/phases/container-runtime/former-registries.js';
import { Secret } from '../../../../src/secret/index.js';
import type { FileSpec } from '../../../../src/steps/index.js';
import { clusterImages, loadBuiltInCatalogue, resolveVersions } from '../../../../src/versions/index.js';
import { aClusterSpec } from '../../../support/cluster-spec.js';
import { memoryHost, stepContext } from '../../../support/memory-host.js';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'kbs-registries-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

async function filesOf(type: 'containerd' | 'cri-o' | 'docker', hasCredentials: boolean): Promise<ReadonlyMap<string, FileSpec>> {
  const caFile = join(directory, 'ca.pem');
  writeFileSync(caFile, 'CA\n');
  const spec = aClusterSpec({ spec: { containerRuntime: { type, registries: [{ host: 'r.example.org:5000', caFile }] } } });
  const images = clusterImages(spec, resolveVersions(spec, loadBuiltInCatalogue()));
  const credentials = [{ host: 'r.example.org:5000', username: 'me', password: new Secret('p"w') }];
  const context = { spec, images, registryCredentials: async () => (hasCredentials ? credentials : []) };
  const files = await containerRuntimeFiles(context, runtimeOf(spec), { hasCapSysResource: true });
  return new Map(files.map((file) => [file.path, file]));
}

describe('credentials and CA of a registry without mirrors', () => {
  test('containerd has in its own configuration, which nobody else may read then', async () => {
    const files = await filesOf('containerd', true);
    const config = files.get('/etc/containerd/config.toml');
    expect(config?.mode).toBe(0o600);
    expect(config?.content).toBeInstanceOf(Secret);
    const text = (config?.content as Secret).reveal();
    expect(text).toContain('registry.configs."r.example.org:5000".auth]\n        username = "me"\n        password = "p\\"w"\n');
    expect(text.match(/config_path/g)).toHaveLength(1);
    expect(files.get('/etc/containerd/certs.d/r.example.org:5000/hosts.toml')?.content).toContain(
      'ca = "/etc/containerd/certs.d/r.example.org:5000/ca.crt"',
    );
    expect(files.has('/var/lib/kubelet/config.json')).toBe(false);
    expect((await filesOf('containerd', false)).get('/etc/containerd/config.toml')).toMatchObject({ mode: 0o644 });
  });

  test('CRI-O has in a file that its configuration names', async () => {
    const files = await filesOf('cri-o', true);
    const auth = files.get('/etc/crio/registry-auth.json');
    expect(auth?.mode).toBe(0o600);
    expect(JSON.parse((auth?.content as Secret).reveal())).toEqual({ auths: { 'r.example.org:5000': { auth: btoa('me:p"w') } } });
    const config = '/etc/crio/crio.conf.d/50-kbs.conf';
    expect(files.get(config)?.content).toContain('global_auth_file = "/etc/crio/registry-auth.json"');
    expect(files.get('/etc/containers/certs.d/r.example.org:5000/ca.crt')?.content).toBe('CA\n');
    expect(files.has('/var/lib/kubelet/config.json')).toBe(false);
    const without = await filesOf('cri-o', false);
    expect(without.has('/etc/crio/registry-auth.json')).toBe(false);
    expect(without.get(config)?.content).not.toContain('global_auth_file');
  });

  test('the kubelet has for Docker Engine', async () => {
    const files = await filesOf('docker', true);
    const auth = files.get('/var/lib/kubelet/config.json');
    expect(auth?.mode).toBe(0o600);
    expect(JSON.parse((auth?.content as Secret).reveal())).toEqual({ auths: { 'r.example.org:5000': { auth: btoa('me:p"w') } } });
    expect(files.get('/etc/docker/certs.d/r.example.org:5000/ca.crt')?.content).toBe('CA\n');
    expect((await filesOf('docker', false)).has('/var/lib/kubelet/config.json')).toBe(false);
  });
});

describe('registries that left the cluster file', () => {
  test('are taken away where kbs brought them, and what was there before comes back', async () => {
    const dir = join(directory, 'certs.d');
    const paths = ['gone/hosts.toml', 'theirs/hosts.toml', 'kept/hosts.toml', 'foreign/hosts.toml'].map((path) => join(dir, path));
    const [gone = '', theirs = '', kept = '', foreign = ''] = paths;
    for (const path of paths) {
      mkdirSync(join(path, '..'), { recursive: true });
      writeFileSync(path, 'kbs\n');
    }
    const host = memoryHost({
      files: Object.fromEntries(paths.map((path) => [path, 'kbs\n'])),
      answers: [[/[\s\S]*/, (text) => execFileSync('/bin/sh', ['-c', text], { encoding: 'utf8' })]],
    });
    await host.journal.record([
      { kind: 'path', path: gone, was: 'absent' },
      { kind: 'path', path: theirs, was: 'file' },
      { kind: 'path', path: kept, was: 'absent' },
    ]);
    const step = formerRegistriesStep({ registriesDir: dir }, [{ path: kept, content: 'kbs\n', mode: 0o644 }]);
    const { plan } = await step.prepare(host, stepContext());
    expect(plan).toMatchObject({ change: 'remove', summary: `remove ${gone}, ${theirs}` });
    expect(JSON.stringify(plan)).not.toContain(foreign);
  });

  test('nothing is asked of a host that kbs gave none', async () => {
    const host = memoryHost({});
    expect((await formerRegistriesStep({ registriesDir: '/etc/containerd/certs.d' }, []).prepare(host, stepContext())).plan).toEqual({
      change: 'none',
    });
  });
});
