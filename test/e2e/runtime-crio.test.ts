import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ConvergeResult } from '../../src/operations/index.js';
import { offerPackages } from '../lab/apt-source.js';
import { capture } from '../lab/command.js';
import type { Mirror } from '../lab/mirror.js';
import { diffSnapshots, snapshotHost, type Snapshot } from '../lab/snapshot.js';
import { createLabCluster, type LabCluster } from '../support/lab-cluster.js';
import { bundleWithCrio, CRIO_DIRECTORY, prepareForCrio } from '../support/lab-crio.js';
import { startRegistry, type Registry } from '../support/registry.js';
import { IS_THOROUGH } from '../support/thorough.js';

/*
 * CRI-O cannot be had where the other parts of the lab come from. KBS_TEST_CRIO_DIR is a folder with the programs of its official archive
 * (cri-o/bin of cri-o.<arch>.v1.25.N.tar.gz): crio, crio-status, conmon, pinns, runc, for the architecture of this machine. They run on
 * Debian 12 with nothing but systemd's libraries: linked statically as the official ones, or with libc and libseccomp alone.
 */

const HOSTS = ['cp1', 'w1'];
const TITLE =
  CRIO_DIRECTORY === undefined
    ? 'CRI-O on every node (skipped: needs the programs of CRI-O 1.25, KBS_TEST_CRIO_DIR names their folder)'
    : 'CRI-O on every node';
const IMAGE = { name: 'private/pause', tag: '1' };
const PASSWORD = 'kbs-t0ken%$7';

const DRIVERS = IS_THOROUGH ? ['systemd', 'cgroupfs'] : ['systemd'];

describe.skipIf(CRIO_DIRECTORY === undefined).each(DRIVERS)(`${TITLE}, cgroup driver %s`, (cgroupDriver) => {
  const programs = CRIO_DIRECTORY ?? '';
  let cluster: LabCluster;
  let archive: Mirror;
  let registry: Registry;
  let directory: string;
  const bare = new Map<string, Snapshot>();

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'kbs-crio-'));
    cluster = await createLabCluster({
      name: 'crio',
      hosts: HOSTS.map((name) => ({ name })),
      spec: { containerRuntime: { type: 'cri-o', cgroupDriver } },
      bundle: (standard) => bundleWithCrio(programs, standard, join(directory, 'bundle')),
    });
    await prepareForCrio(programs, cluster.lab);
    archive = await offerPackages(cluster.lab, ['skopeo']);
    const pause = (await capture(['find', cluster.bundle, '-name', 'pause-*.tar'])).stdout.trim();
    registry = await startRegistry(cluster.lab, { archive: pause, ...IMAGE }, { username: 'kbs', password: PASSWORD });
    for (const name of HOSTS) bare.set(name, await snapshotHost(cluster.lab, name));
  });

  afterAll(async () => {
    delete process.env['REGISTRY_TOKEN'];
    await registry.stop();
    await archive.stop();
    await cluster.down();
    await rm(directory, { recursive: true, force: true });
  });

  async function pods(): Promise<string> {
    const fields =
      '{range .items[*]}{.metadata.name} {.spec.nodeName} {range .status.containerStatuses[*]}{.containerID} {.restartCount} {end}{"\\n"}{end}';
    return cluster.kubectl(['get', 'pods', '-A', '-o', `jsonpath=${fields}`]);
  }

  async function onHost(name: string, command: string): Promise<string> {
    return (await cluster.lab.ssh(name, command)).stdout.trim();
  }

  async function verify(): Promise<void> {
    const verified = await cluster.kbs(['verify', '-f', cluster.file, '--profile', 'full', '--output', 'json']);
    expect(verified.exitCode, `${verified.stdout}\n${verified.stderr}`).toBe(0);
  }

  test('init and join make nodes of it, and the proof is green', async () => {
    const made = await cluster.kbsJson<ConvergeResult>(['init', '-f', cluster.file]);
    expect(made.proof.filter(({ ok }) => !ok)).toEqual([]);
    const joined = await cluster.kbsJson<ConvergeResult>(['join', '-f', cluster.file]);
    expect(joined.proof.filter(({ ok }) => !ok)).toEqual([]);
    const fields =
      '{range .items[*]}{.metadata.name} {.status.nodeInfo.containerRuntimeVersion} {.metadata.annotations.kubeadm\\.alpha\\.kubernetes\\.io/cri-socket}\n{end}';
    const nodes = await cluster.kubectl(['get', 'nodes', '-o', `jsonpath=${fields}`]);
    expect(nodes).toMatch(
      /^cp1 cri-o:\/\/1\.25\.\d+ unix:\/\/\/var\/run\/crio\/crio\.sock\nw1 cri-o:\/\/1\.25\.\d+ unix:\/\/\/var\/run\/crio\/crio\.sock\n$/,
    );
    expect(await onHost('w1', 'crio-status info | grep -E "^(cgroup|storage) "')).toBe(
      `cgroup driver: ${cgroupDriver}\nstorage driver: overlay\nstorage root: /var/lib/containers/storage`,
    );
    expect((await cluster.kbsJson<ConvergeResult>(['apply', '-f', cluster.file])).changes).toEqual([]);
  });

  test('verify proves logs, exec, attach, port-forward and the rest', verify);

  test('a change restarts CRI-O, and no pod', async () => {
    const before = await pods();
    await writeFile(join(cluster.directory, 'registry-ca.pem'), registry.caCertificate);
    process.env['REGISTRY_TOKEN'] = PASSWORD;
    const own = { host: registry.host, caFile: 'registry-ca.pem', credentials: { username: 'kbs', passwordEnv: 'REGISTRY_TOKEN' } };
    const containerRuntime = {
      type: 'cri-o',
      cgroupDriver,
      registries: [{ host: 'docker.io', mirrors: ['https://mirror.example.org'] }, own],
      proxy: { httpsProxy: 'http://proxy.example.org:3128', noProxy: ['.example.org', cluster.lab.gateway] },
    };
    await cluster.describe({ spec: { containerRuntime } });
    const planned = await cluster.kbs(['plan', '-f', cluster.file, '--output', 'json']);
    const applied = await cluster.kbsJson<ConvergeResult>(['apply', '-f', cluster.file]);
    const key = ({ host, step, plan }: ConvergeResult['changes'][number]): string => `${host} ${step} ${plan.summary}`;
    expect(applied.changes.map(key).sort()).toEqual((JSON.parse(planned.stdout) as ConvergeResult).changes.map(key).sort());
    expect(applied.changes.map(({ host, step }) => `${host} ${step}`)).toContain('w1 runtime/service');
    expect(await onHost('w1', 'systemctl show -p Environment --value crio')).toContain(
      'HTTPS_PROXY=http://proxy.example.org:3128 NO_PROXY=',
    );
    expect(await pods()).toBe(before);
    await verify();
    expect((await cluster.kbsJson<ConvergeResult>(['apply', '-f', cluster.file])).changes).toEqual([]);
  });

  test('a pod gets its image from a registry with a password and a CA of its own', async () => {
    const image = `${registry.host}/${IMAGE.name}:${IMAGE.tag}`;
    const spec = { nodeName: 'w1', containers: [{ name: 'own', image, imagePullPolicy: 'Always' }] };
    await cluster.kubectl(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'own-image' }, spec }));
    await cluster.kubectl(['wait', '--for=condition=Ready', '--timeout=60s', 'pod/own-image']);
    await cluster.kubectl(['delete', '--now', 'pod/own-image']);
    expect(new Set((await registry.requests()).map(({ status }) => status))).toContain(200);
    expect(await onHost('w1', 'stat -c %a /etc/crio/registry-auth.json')).toBe('600');
  });

  test('registries that leave the cluster file leave the hosts', async () => {
    await cluster.describe({ spec: { containerRuntime: { type: 'cri-o', cgroupDriver } } });
    await cluster.kbsJson<ConvergeResult>(['apply', '-f', cluster.file]);
    const left = 'cd /etc; ls crio/registry-auth.json containers/certs.d/*/*; grep -rl mirror.example.org containers crio';
    expect(await onHost('w1', `sh -c '${left}' 2>/dev/null`)).toBe('');
    expect((await cluster.kbsJson<ConvergeResult>(['apply', '-f', cluster.file])).changes).toEqual([]);
  });

  test('reset takes programs, packages, containers and images away again', async () => {
    const result = await cluster.kbs(['reset', '-f', cluster.file, '--yes']);
    expect(result.exitCode, result.stderr).toBe(0);
    for (const name of HOSTS) {
      const before = bare.get(name);
      expect(before && diffSnapshots(before, await snapshotHost(cluster.lab, name)), name).toEqual([]);
    }
  });
});
