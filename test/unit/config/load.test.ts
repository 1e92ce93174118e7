import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { clusterSpecOf, loadClusterFile } from '../../../src/config/index.js';
import { aClusterFile, fixturePath, parseFixture, parseText, thrownBy } from './cluster-files.js';

describe('a valid file', () => {
  test('of five lines has every default', () => {
    const { spec, warnings } = parseFixture('valid-shortest');
    expect(warnings).toEqual([]);
    expect(spec).toMatchObject({
      name: 'kubernetes',
      kubernetesVersion: 'v1.25.16',
      network: {
        podSubnet: '10.244.0.0/16',
        serviceSubnet: '10.96.0.0/12',
        dnsDomain: 'cluster.local',
        cni: { type: 'flannel', backend: 'vxlan' },
      },
      containerRuntime: { type: 'containerd', install: 'artifact', cgroupDriver: 'systemd' },
      ssh: { connectTimeoutSeconds: 20 },
      artifacts: { source: 'upstream' },
    });
  });

  test('keeps what it says', () => {
    const { spec } = parseFixture('valid-everything');
    expect(spec.name).toBe('demo');
    expect(spec.controlPlaneEndpoint).toEqual({ host: 'k8s.example.org', port: 8443, provider: 'external' });
    expect(spec.hosts[3]).toMatchObject({ roles: ['worker'], labels: { disk: 'ssd' }, ssh: { port: 2222 } });
    expect(spec.kubelet.config).toEqual({ evictionHard: { 'memory.available': '100Mi' }, imageGCHighThresholdPercent: 100 });
  });

  test('is frozen to its depth', () => {
    const { spec } = parseFixture('valid-everything');
    for (const part of [spec, spec.hosts, spec.hosts[0], spec.hosts[0]?.labels, spec.kubelet.config])
      expect(Object.isFrozen(part)).toBe(true);
  });

  test('tells the place of a field for later errors', () => {
    const { position } = parseFixture('valid-everything');
    expect(position(['spec', 'hosts', 3, 'address'])).toBe('c.yaml:13:16');
    expect(position(['spec', 'kubernetesVersion'])).toBe('c.yaml:5:22');
  });

  test('with an even number of control planes gets a warning, not an error', () => {
    const { warnings } = parseFixture('warning-even-control-planes');
    expect(warnings).toContainEqual(expect.stringMatching(/^c\.yaml:5:3 spec\.hosts — 2 control planes/));
  });

  test('may write a value once and refer to it', () => {
    const { spec } = parseText(aClusterFile('  apiServer: { extraArgs: &args { v: "4" } }\n  scheduler: { extraArgs: *args }'));
    expect(spec.scheduler.extraArgs).toEqual({ v: '4' });
  });
});

describe('names of files', () => {
  test('are understood from the folder of the cluster file and from the home directory', () => {
    const { spec } = parseFixture('valid-everything');
    expect(spec.ssh.identityFile).toBe('/home/me/.ssh/lab');
    expect(spec.ssh.bastion?.identityFile).toBe('/base/keys/jump');
    expect(spec.containerRuntime.registries[0]?.caFile).toBe('/base/mirror-ca.pem');
  });

  test('that are URLs stay as they are', () => {
    expect(parseFixture('valid-everything').spec.artifacts).toMatchObject({ checksums: 'http://10.0.0.1:8080/checksums.json' });
  });

  test('must lead to what is meant, except the known_hosts file', async () => {
    const error = await loadClusterFile(fixturePath('invalid-missing-files')).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: 'CONFIG_INVALID',
      details: [
        expect.stringContaining(':4:24 spec.ssh.identityFile'),
        expect.stringContaining(':5:115 spec.hosts[0].ssh.bastion.identityFile'),
        expect.stringContaining(':7:45 spec.containerRuntime.registries[0].caFile'),
        expect.stringContaining(':8:38 spec.artifacts.path'),
      ],
    });
  });
});

describe('loading from disk', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kbs-config-'));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  test('finds files beside the cluster file whatever the working directory is', async () => {
    await writeFile(join(folder, 'key'), '');
    await writeFile(join(folder, 'c.yaml'), aClusterFile('  ssh: { identityFile: key }'));
    expect((await loadClusterFile(join(folder, 'c.yaml'))).spec.ssh.identityFile).toBe(join(folder, 'key'));
  });

  test('fails with its own code when there is no such file', async () => {
    await expect(loadClusterFile(join(folder, 'nothing.yaml'))).rejects.toMatchObject({ code: 'CONFIG_NOT_FOUND', exit: 3 });
    await expect(loadClusterFile(folder)).rejects.toMatchObject({ code: 'CONFIG_NOT_FOUND' });
  });

  test('takes Windows line ends and a byte order mark', async () => {
    await writeFile(join(folder, 'c.yaml'), `\uFEFF${aClusterFile('').replaceAll('\n', '\r\n')}`);
    expect((await loadClusterFile(join(folder, 'c.yaml'))).spec.hosts).toHaveLength(1);
  });
});

describe('a spec without a file', () => {
  const hosts = [{ name: 'cp1', address: '10.0.0.11', roles: ['control-plane' as const] }];

  test('gets the same defaults', () => {
    const spec = clusterSpecOf({ apiVersion: 'kbs.dev/v1alpha1', kind: 'Cluster', spec: { hosts } }, { baseDirectory: '/' });
    expect(spec).toMatchObject({ name: 'kubernetes', kubernetesVersion: 'v1.25.16' });
  });

  test('gets the same checks', () => {
    const input = { apiVersion: 'kbs.dev/v1alpha1' as const, kind: 'Cluster' as const, spec: { hosts, kubernetesVersion: 'v1.24.0' } };
    const error = thrownBy(() => clusterSpecOf(input, { baseDirectory: '/' }));
    expect(error).toMatchObject({ code: 'CONFIG_INVALID', details: [expect.stringMatching(/^spec\.kubernetesVersion — /)] });
  });
});
