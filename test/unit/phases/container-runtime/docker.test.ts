import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { containerRuntimeFiles, runtimeOf } from '../../../../src/phases/container-runtime/index.js';
import { runtimeRecordStep } from '../../../../src/phases/baseline/index.js';
import { clusterImages, loadBuiltInCatalogue, resolveVersions } from '../../../../src/versions/index.js';
import { aClusterSpec } from '../../../support/cluster-spec.js';
import { memoryHost, stepContext } from '../../../support/memory-host.js';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'kbs-docker-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

function program(name: string, text: string): void {
  writeFileSync(join(directory, name), `#!/bin/sh\n${text}\n`);
  chmodSync(join(directory, name), 0o755);
}

/** Runs commands of kbs with programs of the test in front of the machine's own. */
function shell(text: string): string {
  return execFileSync('/bin/sh', ['-c', text], { encoding: 'utf8', env: { PATH: `${directory}:${process.env['PATH']}` } }).replace(
    /\n$/,
    '',
  );
}

const docker = runtimeOf(aClusterSpec({ spec: { containerRuntime: { type: 'docker' } } }));
const host = () => memoryHost({ answers: [[/[\s\S]*/, shell]] });

describe('images of Docker Engine', () => {
  test('are listed by the names Kubernetes has for them', () => {
    program(
      'docker',
      "printf '%s\\n' haproxy:2.6.12 flannel/flannel:v0.22.3 registry.k8s.io/pause:3.8 10.0.0.5:5000/own/app:1 localhost/test:2",
    );
    expect(shell(docker.images.list.text).split('\n')).toEqual([
      'docker.io/library/haproxy:2.6.12',
      'docker.io/flannel/flannel:v0.22.3',
      'registry.k8s.io/pause:3.8',
      '10.0.0.5:5000/own/app:1',
      'localhost/test:2',
    ]);
  });
});

describe('cri-dockerd', () => {
  test('does not answer because its socket is there', async () => {
    program('systemctl', 'echo failed');
    expect(await docker.answersCri(host())).toBe('cri-dockerd is failed');
  });

  test('answers when its unit is active', async () => {
    program('systemctl', 'echo active');
    program('crictl', 'exit 0');
    program('timeout', 'exit 0');
    expect(await docker.answersCri(host())).toBe(true);
  });
});

describe('files of Docker Engine', () => {
  test('hold CAs for the hosts that images come from, in Docker’s own place', async () => {
    const caFile = join(directory, 'ca.pem');
    writeFileSync(caFile, 'CA\n');
    const registries = [
      { host: 'docker.io', mirrors: ['https://mirror.example.org:5000/hub'], caFile },
      { host: 'registry.example.org', caFile },
    ];
    const spec = aClusterSpec({ spec: { containerRuntime: { type: 'docker', registries } } });
    const images = clusterImages(spec, resolveVersions(spec, loadBuiltInCatalogue()));
    const files = await containerRuntimeFiles({ spec, images, registryCredentials: async () => [] }, runtimeOf(spec), {
      hasCapSysResource: true,
    });
    const paths = files.map(({ path }) => path);
    expect(paths).toContain('/etc/docker/certs.d/mirror.example.org:5000/ca.crt');
    expect(paths).toContain('/etc/docker/certs.d/registry.example.org/ca.crt');
    expect(paths).not.toContain('/etc/containerd/config.toml');
    expect(files.find(({ path }) => path === '/etc/crictl.yaml')?.content).toContain('unix:///var/run/cri-dockerd.sock');
  });
});

describe('before Docker Engine comes', () => {
  test('the host is recorded once: folders with their content, units, and the group that is not there', async () => {
    if (docker.traces === undefined) throw new Error('Docker leaves traces');
    const tree = join(directory, 'data');
    execFileSync('mkdir', ['-p', join(tree, 'image/overlay2')]);
    const traces = {
      ...docker.traces,
      trees: [tree, join(directory, 'absent')],
      paths: [join(directory, 'docker.sock')],
      groups: ['kbs-no-such-group', 'root'],
    };
    const one = host();
    const prepared = await runtimeRecordStep(traces).prepare(one, stepContext());
    expect(prepared.plan.change).toBe('create');
    await prepared.apply();
    const entries = await one.journal.entries();
    expect(entries).toContainEqual({ kind: 'tree', path: tree, was: 'directory' });
    expect(entries).toContainEqual({ kind: 'note', name: `content ${tree}`, value: JSON.stringify(['', 'image', 'image/overlay2']) });
    expect(entries).toContainEqual({ kind: 'tree', path: join(directory, 'absent'), was: 'absent' });
    expect(entries).toContainEqual({ kind: 'path', path: join(directory, 'docker.sock'), was: 'absent' });
    expect(entries).toContainEqual(expect.objectContaining({ kind: 'unit', unit: 'docker.service' }));
    expect(entries.filter((entry) => entry.kind === 'note' && entry.name.startsWith('group '))).toEqual([
      { kind: 'note', name: 'group kbs-no-such-group', value: 'absent' },
    ]);
    expect((await runtimeRecordStep(traces).prepare(one, stepContext())).plan).toEqual({ change: 'none' });
  });
});
