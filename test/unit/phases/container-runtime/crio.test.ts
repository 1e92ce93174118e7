import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { containerRuntimeFiles, runtimeOf } from '../../../../src/phases/container-runtime/index.js';
import { packageStep } from '../../../../src/steps/index.js';
import { clusterImages, loadBuiltInCatalogue, resolveVersions } from '../../../../src/versions/index.js';
import { aClusterSpec } from '../../../support/cluster-spec.js';
import { memoryHost, stepContext } from '../../../support/memory-host.js';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'kbs-crio-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

function program(name: string, text: string): void {
  writeFileSync(join(directory, name), `#!/bin/sh\n${text}\n`);
  chmodSync(join(directory, name), 0o755);
}

/** Runs commands of kbs with programs of the test in front of the machine's own, and in place of those kbs installs. */
function shell(text: string): string {
  const local = text.replaceAll(/\/usr\/(local\/)?bin\/cri/g, `${directory}/cri`);
  return execFileSync('/bin/sh', ['-c', local], { encoding: 'utf8', env: { PATH: `${directory}:${process.env['PATH']}` } }).replace(
    /\n$/,
    '',
  );
}

const host = () => memoryHost({ answers: [[/[\s\S]*/, shell]] });

function aSpec(runtime: Readonly<Record<string, unknown>> = {}, more: Readonly<Record<string, unknown>> = {}) {
  return aClusterSpec({ spec: { containerRuntime: { type: 'cri-o', ...runtime }, ...more } });
}
const crio = runtimeOf(aSpec());
const MIRROR = { artifacts: { source: 'mirror', url: 'http://mirror.example.org' } };

describe('the programs of CRI-O', () => {
  test('come from its archive, without the parts kbs has releases of its own for', () => {
    const [archive] = crio.artifacts(resolveVersions(aSpec(), loadBuiltInCatalogue()));
    const target = archive?.target;
    if (typeof target !== 'function') throw new Error('CRI-O is an archive');
    expect(archive).toMatchObject({ name: 'cri-o', version: '1.25.4' });
    const members = ['cri-o/bin/crio', './cri-o/bin/pinns', 'cri-o/bin/runc', 'cri-o/bin/crictl', 'cri-o/contrib/10-crio-bridge.conf'];
    expect(members.map(target)).toEqual(['/usr/local/bin/crio', '/usr/local/bin/pinns', '/usr/local/sbin/runc', undefined, undefined]);
  });

  test('include skopeo only where image archives are to be loaded', () => {
    expect(crio.packages).toBeUndefined();
    expect(runtimeOf(aSpec({}, MIRROR)).packages).toMatchObject({ packages: ['skopeo'], sparedBy: 'skopeo' });
  });

  test('leave a host alone that has skopeo already, wherever it came from', async () => {
    const packages = runtimeOf(aSpec({}, MIRROR)).packages;
    if (packages === undefined) throw new Error('archives need skopeo');
    program('skopeo', 'exit 0');
    program('dpkg-query', 'exit 1');
    const step = packageStep({ id: 'runtime/packages', title: 'Install skopeo', ...packages });
    expect((await step.prepare(host(), stepContext())).plan).toEqual({ change: 'none' });
  });
});

describe('images of CRI-O', () => {
  test('are listed by name and tag', () => {
    program('crictl', "printf '%s\\n' 'IMAGE TAG IMAGE_ID SIZE' 'registry.k8s.io/pause 3.8 bbb 1MB' 'docker.io/x <none> ccc 1MB'");
    expect(shell(crio.images.list.text)).toBe('registry.k8s.io/pause:3.8');
  });

  test.each([
    ['manifest.json', 'docker-archive'],
    ['index.json', 'oci-archive'],
  ])('an archive with a %s is a %s, of which each image goes into the store by its name', (member, kind) => {
    const archive = join(directory, 'archive');
    writeFileSync(join(directory, member), '[]');
    execFileSync('tar', ['-C', directory, '-cf', archive, member]);
    program('skopeo', `printf '%s\\n' "$*" >>${join(directory, 'calls')}`);
    shell(crio.images.import(archive, ['registry.k8s.io/pause:3.8', 'registry.k8s.io/etcd:3.5.4-0']).text);
    const store = 'containers-storage:[overlay@/var/lib/containers/storage+/run/containers/storage]';
    expect(readFileSync(join(directory, 'calls'), 'utf8')).toBe(
      ['pause:3.8', 'etcd:3.5.4-0']
        .map((name) => `registry.k8s.io/${name}`)
        .map((name) => `--policy /etc/crio/policy.json copy --quiet ${kind}:${archive}:${name} ${store}${name}\n`)
        .join(''),
    );
  });

  test('one that cannot be loaded ends the import', () => {
    program('skopeo', 'exit 1');
    expect(() => shell(crio.images.import('/nowhere', ['a:1', 'b:1']).text)).toThrow();
  });
});

describe('CRI-O', () => {
  const status = (driver: string): void => program('crio-status', `echo 'cgroup driver: ${driver}'; echo 'storage driver: overlay'`);

  test('answers when it has the cgroup driver of the kubelet', async () => {
    program('systemctl', 'echo active');
    program('crictl', 'exit 0');
    status('systemd');
    expect(await crio.answersCri(host())).toBe(true);
    status('cgroupfs');
    expect(await crio.answersCri(host())).toBe('CRI-O has cgroup driver cgroupfs, the kubelet systemd');
  });

  test('does not answer when its unit has failed, or nobody is at its socket', async () => {
    program('systemctl', 'echo failed');
    expect(await crio.answersCri(host())).toBe('CRI-O is failed');
    program('systemctl', 'echo active');
    program('crio-status', 'echo "dial unix: no such file" >&2; exit 1');
    expect(await crio.answersCri(host())).toBe('CRI-O does not answer: dial unix: no such file');
  });
});

describe('files of CRI-O', () => {
  test('hold registries in the places of containers/image, and the driver of the kubelet', async () => {
    const caFile = join(directory, 'ca.pem');
    writeFileSync(caFile, 'CA\n');
    const registries = [{ host: 'registry.k8s.io', mirrors: ['https://mirror.example.org:5000/k8s'], caFile }];
    const spec = aSpec({ registries, cgroupDriver: 'cgroupfs', proxy: { httpsProxy: 'http://proxy.example.org:3128' } });
    const images = clusterImages(spec, resolveVersions(spec, loadBuiltInCatalogue()));
    const files = await containerRuntimeFiles({ spec, images, registryCredentials: async () => [] }, runtimeOf(spec), {
      hasCapSysResource: true,
    });
    const text = (path: string) => files.find((file) => file.path === path)?.content;
    expect(text('/etc/containers/certs.d/mirror.example.org:5000/ca.crt')).toBe('CA\n');
    expect(text('/etc/containers/registries.conf.d/50-kbs.conf')).toContain('location = "mirror.example.org:5000/k8s"');
    expect(text('/etc/crio/crio.conf.d/50-kbs.conf')).toContain('cgroup_manager = "cgroupfs"');
    expect(text('/etc/systemd/system/crio.service.d/50-kbs-proxy.conf')).toContain('HTTPS_PROXY=http://proxy.example.org:3128');
    expect(text('/etc/crictl.yaml')).toContain('unix:///var/run/crio/crio.sock');
    expect(files.map(({ path }) => path)).not.toContain('/etc/containerd/config.toml');
  });
});
