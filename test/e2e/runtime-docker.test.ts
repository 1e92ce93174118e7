import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ConvergeResult } from '../../src/operations/index.js';
import { capture } from '../lab/command.js';
import { snapshotHost, type Snapshot } from '../lab/snapshot.js';
import { IS_EVERYDAY } from '../support/depth.js';
import { expectExactReset } from '../support/exact-reset.js';
import { killedWhen } from '../support/kills.js';
import type { LabCluster } from '../support/lab-cluster.js';
import { createRuntimeLab } from '../support/lab-runtime.js';
import { startRegistry, type Registry } from '../support/registry.js';
import { runningContainers } from '../support/running-containers.js';

const HOSTS = ['cp1', 'w1'];
/** Docker Engine is Debian's docker.io; cri-dockerd is the lab's stand-in, made of the real dockershim. */
const RUNTIMES = { cp1: { type: 'docker' }, w1: { type: 'containerd' } };

const IMAGE = { name: 'private/pause', tag: '1' };
const PASSWORD = 'kbs-t0ken%$7';
const LOGIN = Buffer.from(`kbs:${PASSWORD}`).toString('base64');

let cluster: LabCluster;
let registry: Registry;
const SWAPPED = { cp1: { type: 'containerd' }, w1: { type: 'docker' } };
const bare = new Map<string, Snapshot>();

beforeAll(async () => {
  cluster = await createRuntimeLab({
    cluster: { name: 'dock', hosts: HOSTS.map((name) => ({ name })), runtimes: RUNTIMES },
    runtimes: ['docker', 'containerd'],
    install: 'artifact',
  });
  const file = (await capture(['find', cluster.bundle, '-name', 'pause-*.tar'])).stdout.trim();
  registry = await startRegistry(cluster.lab, { archive: file, ...IMAGE }, { username: 'kbs', password: PASSWORD });
  for (const name of HOSTS) bare.set(name, await snapshotHost(cluster.lab, name));
});

afterAll(async () => {
  delete process.env['REGISTRY_TOKEN'];
  await registry.stop();
  await cluster.down();
});

/** The entry of the lab's registry: its CA is a file beside the cluster file, its password comes from the environment. */
async function ownRegistry(): Promise<object> {
  await writeFile(join(cluster.directory, 'registry-ca.pem'), registry.caCertificate);
  return { host: registry.host, caFile: 'registry-ca.pem', credentials: { username: 'kbs', passwordEnv: 'REGISTRY_TOKEN' } };
}

async function runtimes(): Promise<string> {
  return cluster.kubectl([
    'get',
    'nodes',
    '-o',
    'jsonpath={range .items[*]}{.metadata.name} {.status.nodeInfo.containerRuntimeVersion}\n{end}',
  ]);
}

/** Nodes as the API knows them: the same objects, not others of the same name. */
async function uids(): Promise<string> {
  return cluster.kubectl(['get', 'nodes', '-o', 'jsonpath={.items[*].metadata.uid}']);
}

/** Begins to change runtimes and is killed when the only control plane has neither of the two: nobody can ask its API. */
async function applyCutOff(): Promise<void> {
  const isBetween = `grep -q '"stage":"leave"' /etc/kbs/runtime-change.json && ! systemctl is-active --quiet docker`;
  await killedWhen(cluster, ['apply', '-f', cluster.file], 'cp1', isBetween);
}

/** What a command says on the host with Docker Engine. */
async function onDocker(command: string): Promise<string> {
  return (await cluster.lab.ssh('cp1', command)).stdout.trim();
}

const TITLE = 'Docker Engine with the stand-in for cri-dockerd on the control plane, containerd on the worker';

describe.skipIf(IS_EVERYDAY).sequential(TITLE, () => {
  test('apply makes both, and the proof is green', async () => {
    const result = await cluster.kbsJson<ConvergeResult>(['apply', '-f', cluster.file]);
    expect(result.proof.filter(({ ok }) => !ok)).toEqual([]);
    expect(await runtimes()).toMatch(/^cp1 docker:\/\/20\.10\..*\nw1 containerd:\/\/1\.6\./);
    const sockets = await cluster.kubectl([
      'get',
      'nodes',
      '-o',
      'jsonpath={.items[*].metadata.annotations.kubeadm\\.alpha\\.kubernetes\\.io/cri-socket}',
    ]);
    expect(sockets).toBe('unix:///var/run/cri-dockerd.sock unix:///var/run/containerd/containerd.sock');
    expect(await onDocker('iptables -S FORWARD | head -n 1')).toBe('-P FORWARD ACCEPT');
    expect(await onDocker('docker info --format "{{.CgroupDriver}} {{.Driver}} {{.LoggingDriver}}"')).toBe('systemd overlay2 json-file');
  });

  test('verify proves logs, exec, attach, port-forward and the rest through both runtimes', async () => {
    const verified = await cluster.kbs(['verify', '-f', cluster.file, '--profile', 'full', '--timeout', '3m', '--output', 'json']);
    expect(verified.exitCode, `${verified.stdout}\n${verified.stderr}`).toBe(0);
  });

  test('a change of one runtime restarts Docker Engine, and no pod', async () => {
    const before = await runningContainers(cluster);
    await cluster.describe({
      spec: {
        containerRuntime: {
          registries: [{ host: 'docker.io', mirrors: ['https://mirror.example.org'] }, await ownRegistry()],
          proxy: { httpsProxy: 'http://proxy.example.org:3128', noProxy: ['.example.org', cluster.lab.gateway] },
        },
      },
    });
    const unread = await cluster.kbs(['apply', '-f', cluster.file, '--output', 'json']);
    expect([unread.exitCode, unread.stdout]).toEqual([3, expect.stringContaining('REGISTRY_TOKEN, which is not set')]);
    process.env['REGISTRY_TOKEN'] = PASSWORD;
    const planned = await cluster.kbs(['plan', '-f', cluster.file, '--output', 'json']);
    const applied = await cluster.kbsJson<ConvergeResult>(['apply', '-f', cluster.file]);
    const key = ({ host, step, plan }: ConvergeResult['changes'][number]): string => `${host} ${step} ${plan.summary}`;
    expect(applied.changes.map(key).sort()).toEqual((JSON.parse(planned.stdout) as ConvergeResult).changes.map(key).sort());
    const steps = applied.changes.map(({ host, step }) => `${host} ${step}`);
    expect(steps).toEqual(expect.arrayContaining(['cp1 runtime/docker-service', 'cp1 kubelet/service', 'w1 runtime/service']));
    expect(steps).not.toContain('w1 kubelet/service');
    expect(await onDocker('docker info --format "{{.RegistryConfig.Mirrors}}"')).toBe('[https://mirror.example.org/]');
    const proxied = 'HTTPS_PROXY=http://proxy.example.org:3128 NO_PROXY=localhost,127.0.0.0/8,';
    expect(await onDocker('systemctl show -p Environment --value docker')).toContain(proxied);
    expect((await cluster.lab.ssh('w1', 'systemctl show -p Environment --value containerd')).stdout).toContain(proxied);
    expect(await runningContainers(cluster)).toBe(before);
    expect((await cluster.kbsJson<ConvergeResult>(['apply', '-f', cluster.file])).changes).toEqual([]);
  });

  test('pods of both runtimes get images from a registry with a password and a CA of its own, and nobody is told the password', async () => {
    const image = `${registry.host}/${IMAGE.name}:${IMAGE.tag}`;
    const pod = (node: string): object => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: `own-image-${node}` },
      spec: {
        nodeName: node,
        tolerations: [{ operator: 'Exists' }],
        containers: [{ name: 'own', image, imagePullPolicy: 'Always' }],
      },
    });
    await cluster.kubectl(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items: HOSTS.map(pod) }));
    await cluster.kubectl(['wait', '--for=condition=Ready', '--timeout=60s', ...HOSTS.map((node) => `pod/own-image-${node}`)]);
    await cluster.kubectl(['delete', '--now', ...HOSTS.map((node) => `pod/own-image-${node}`)]);
    const answers = (await registry.requests()).map(({ status }) => status);
    expect(new Set(answers)).toEqual(new Set([200, 401]));

    expect((await cluster.lab.ssh('cp1', 'stat -c %a /var/lib/kubelet/config.json')).stdout.trim()).toBe('600');
    expect((await cluster.lab.ssh('w1', 'stat -c %a /etc/containerd/config.toml')).stdout.trim()).toBe('600');
    const told = await capture(['grep', '-rlF', '-e', PASSWORD, '-e', LOGIN, cluster.directory]);
    expect(told.stdout).toBe('');
  });

  test('registries that leave the cluster file leave the hosts, and no plan shows what was secret', async () => {
    await cluster.describe();
    const planned = await cluster.kbs(['plan', '-f', cluster.file, '--output', 'json']);
    expect(planned.stdout).toContain('/var/lib/kubelet/config.json');
    expect(planned.stdout).not.toContain(PASSWORD);
    await cluster.kbsJson<ConvergeResult>(['apply', '-f', cluster.file]);
    const left = 'grep -rlF -e "$1" -e "$2" /etc /var/lib/kubelet; ls /etc/docker/certs.d/*/* /etc/containerd/certs.d/*/*';
    for (const host of HOSTS) {
      const found = await cluster.lab.exec(cluster.lab.host(host), ['sh', '-c', left, 'look', PASSWORD, LOGIN]);
      expect(found.stdout, host).toBe('');
    }
    expect((await cluster.kbsJson<ConvergeResult>(['apply', '-f', cluster.file])).changes).toEqual([]);
  });

  test('the runtimes change places: one host after the other, and a run that was killed is continued', async () => {
    const before = await uids();
    await cluster.describe({ runtimes: SWAPPED });
    const refused = await cluster.kbs(['apply', '-f', cluster.file, '--skip-phase', 'proof', '--output', 'json']);
    expect(refused.exitCode).toBe(4);
    expect(refused.stdout).toContain('RuntimeChange');

    const planned = await cluster.kbsJson<ConvergeResult>(['plan', '-f', cluster.file]);
    const begins = planned.changes
      .filter(({ step }) => step === 'runtime-change/begin')
      .map(({ host, plan }) => `${host}: ${plan.summary}`);
    expect(begins).toEqual([
      'w1: change containerd for Docker Engine (host 1 of 2): drain, switch, prove, uncordon',
      'cp1: change Docker Engine for containerd (host 2 of 2): drain, switch, prove, uncordon; the API does not answer meanwhile',
    ]);
    expect(await runtimes()).toMatch(/^cp1 docker:.*\nw1 containerd:/);

    await applyCutOff();
    expect(await onDocker('cat /etc/kbs/runtime-change.json')).toBe('{"from":["docker"],"to":"containerd","stage":"leave","wasOpen":true}');
    const applied = await cluster.kbsJson<ConvergeResult>(['apply', '-f', cluster.file]);
    expect(applied.proof.filter(({ ok }) => !ok)).toEqual([]);
    expect(await runtimes()).toMatch(/^cp1 containerd:\/\/1\.6\..*\nw1 docker:\/\/20\.10\./);
    expect(await cluster.kubectl(['get', 'nodes', '-o', 'jsonpath={.items[*].spec.unschedulable}'])).toBe('');
    // The folder is a mount of the lab's, and was there before.
    const left = 'command -v docker; ls -A /var/lib/docker | grep -vx lost+found; ls /run/docker.sock 2>/dev/null; getent group docker';
    expect(await onDocker(left)).toBe('');
    expect(await uids()).toBe(before);
    expect((await cluster.kbsJson<ConvergeResult>(['apply', '-f', cluster.file])).changes).toEqual([]);
    const verified = await cluster.kbs(['verify', '-f', cluster.file, '--timeout', '3m', '--output', 'json']);
    expect(verified.exitCode, `${verified.stdout}\n${verified.stderr}`).toBe(0);
  });

  test('reset takes packages, containers, group and rules away again', async () => {
    await expectExactReset(cluster, HOSTS, bare);
  });
});
