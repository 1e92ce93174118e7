import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ConvergeResult } from '../../src/operations/index.js';
import { capture } from '../lab/command.js';
import { snapshotHost, type Snapshot } from '../lab/snapshot.js';
import { IS_THOROUGH } from '../support/depth.js';
import { expectExactReset } from '../support/exact-reset.js';
import { killedWhen } from '../support/kills.js';
import type { LabCluster } from '../support/lab-cluster.js';
import { CRIO_DIRECTORY, WHY_NO_CRIO } from '../support/lab-crio.js';
import { createRuntimeLab } from '../support/lab-runtime.js';
import { startRegistry, type Registry } from '../support/registry.js';
import { runningContainers } from '../support/running-containers.js';

/*
 * CRI-O cannot be had where the other parts of the lab come from. KBS_TEST_CRIO_DIR is a folder with the programs of its official archive
 * (cri-o/bin of cri-o.<arch>.v1.25.N.tar.gz): crio, crio-status, conmon, pinns, runc, for the architecture of this machine. They run on
 * Debian 12 with nothing but systemd's libraries: linked statically as the official ones, or with libc and libseccomp alone.
 */

const HOSTS = ['cp1', 'w1'];
const IMAGE = { name: 'private/pause', tag: '1' };
const PASSWORD = 'kbs-t0ken%$7';

const DRIVERS = IS_THOROUGH ? ['systemd', 'cgroupfs'] : ['systemd'];

describe.skipIf(CRIO_DIRECTORY === undefined).each(DRIVERS)(`CRI-O on every node${WHY_NO_CRIO}, cgroup driver %s`, (cgroupDriver) => {
  let cluster: LabCluster;
  let registry: Registry;
  const bare = new Map<string, Snapshot>();

  beforeAll(async () => {
    const spec = { containerRuntime: { type: 'cri-o', cgroupDriver } };
    cluster = await createRuntimeLab({
      cluster: { name: 'crio', hosts: HOSTS.map((name) => ({ name })), spec },
      runtimes: ['cri-o'],
      install: 'artifact',
    });
    const pause = (await capture(['find', cluster.bundle, '-name', 'pause-*.tar'])).stdout.trim();
    registry = await startRegistry(cluster.lab, { archive: pause, ...IMAGE }, { username: 'kbs', password: PASSWORD });
    for (const name of HOSTS) bare.set(name, await snapshotHost(cluster.lab, name));
  });

  afterAll(async () => {
    delete process.env['REGISTRY_TOKEN'];
    await registry.stop();
    await cluster.down();
  });

  async function onHost(name: string, command: string): Promise<string> {
    return (await cluster.lab.ssh(name, command)).stdout.trim();
  }

  async function verify(): Promise<void> {
    const verified = await cluster.kbs(['verify', '-f', cluster.file, '--profile', 'full', '--timeout', '3m', '--output', 'json']);
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
    const before = await runningContainers(cluster);
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
    expect(await runningContainers(cluster)).toBe(before);
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
    await expectExactReset(cluster, HOSTS, bare);
  });
});

/** What of a runtime would still be on a host; prints nothing when all of it is gone. The folders of images are mounts of the lab's. */
const TRACES = {
  'cri-o': `command -v crio crio-status conmon pinns skopeo; ls -A /var/lib/containers | grep -vx lost+found
ls -d /var/lib/crio /var/log/crio /run/crio /run/containers /run/runc /etc/crio /etc/containers /usr/share/containers 2>/dev/null
systemctl list-unit-files --no-legend crio.service; iptables-save | grep -E 'KUBE-(HP-|HOSTPORTS)'; pgrep -a 'crio|conmon'; grep -E ' /(run|var/lib)/(crio|containers/)' /proc/mounts`,
  docker: `command -v docker dockerd cri-dockerd; ls -A /var/lib/docker | grep -vx lost+found; getent group docker
ls -d /run/docker.sock /run/cri-dockerd.sock /etc/docker /var/lib/cri-dockerd 2>/dev/null
systemctl list-unit-files --no-legend docker.service cri-docker.service; iptables-save | grep DOCKER; pgrep -a 'dockerd|cri-dockerd'; grep -E ' /(run|var/lib)/docker/' /proc/mounts`,
  containerd: `command -v containerd ctr containerd-shim-runc-v2; ls -A /var/lib/containerd | grep -vx lost+found
ls -d /run/containerd /etc/containerd /opt/containerd 2>/dev/null
systemctl list-unit-files --no-legend containerd.service; iptables-save | grep CNI-; pgrep -a containerd; grep -E ' /(run|var/lib)/containerd/' /proc/mounts`,
} as const;

type Runtime = keyof typeof TRACES;

/** What a plan calls it, and what a node says of itself. */
const NAMES: Readonly<Record<Runtime, string>> = { 'cri-o': 'CRI-O', containerd: 'containerd', docker: 'Docker Engine' };
const ON_NODES: Readonly<Record<Runtime, string>> = {
  'cri-o': 'cri-o://1\\.25\\.\\d+ unix:///var/run/crio/crio\\.sock',
  containerd: 'containerd://1\\.6\\.\\S+ unix:///var/run/containerd/containerd\\.sock',
  docker: 'docker://20\\.10\\.\\S+ unix:///var/run/cri-dockerd\\.sock',
};
const OTHERS: readonly Runtime[] = IS_THOROUGH ? ['containerd', 'docker'] : ['containerd'];

describe.skipIf(CRIO_DIRECTORY === undefined).each(OTHERS)(`CRI-O beside %s, and in its place${WHY_NO_CRIO}`, (other) => {
  const image = 'registry.k8s.io/e2e-test-images/agnhost:2.40';
  const port = 18_090;
  let cluster: LabCluster;
  const bare = new Map<string, Snapshot>();

  beforeAll(async () => {
    const hosts = HOSTS.map((name) => ({ name }));
    cluster = await createRuntimeLab({
      cluster: { name: 'criomix', hosts, runtimes: runtimesOf(other, 'cri-o') },
      runtimes: [other, 'cri-o'],
      install: 'artifact',
    });
    for (const name of HOSTS) bare.set(name, await snapshotHost(cluster.lab, name));
  });

  afterAll(async () => {
    await cluster.down();
  });

  function runtimesOf(cp1: Runtime, w1: Runtime): Record<string, { type: Runtime }> {
    return { cp1: { type: cp1 }, w1: { type: w1 } };
  }

  async function verify(): Promise<void> {
    const verified = await cluster.kbs(['verify', '-f', cluster.file, '--profile', 'full', '--timeout', '3m', '--output', 'json']);
    expect(verified.exitCode, `${verified.stdout}\n${verified.stderr}`).toBe(0);
  }

  /** Nodes as the API knows them, the same objects all the time, open, each with its runtime and the socket of that. */
  async function nodes(): Promise<string> {
    const fields =
      '{range .items[*]}{.metadata.name} {.metadata.uid} {.spec.unschedulable}{.status.nodeInfo.containerRuntimeVersion} {.metadata.annotations.kubeadm\\.alpha\\.kubernetes\\.io/cri-socket}\n{end}';
    return cluster.kubectl(['get', 'nodes', '-o', `jsonpath=${fields}`]);
  }

  async function uids(): Promise<string> {
    return (await nodes()).replaceAll(/^(\S+ \S+) .*/gm, '$1');
  }

  async function expectRuntimes(cp1: Runtime, w1: Runtime): Promise<void> {
    expect(await nodes()).toMatch(new RegExp(`^cp1 \\S+ ${ON_NODES[cp1]}\nw1 \\S+ ${ON_NODES[w1]}\n$`));
    for (const [name, gone] of [
      ['cp1', w1],
      ['w1', cp1],
    ] as const) {
      expect((await cluster.lab.ssh(name, TRACES[gone])).stdout, `${gone} on ${name}`).toBe('');
    }
  }

  /** The port of each host leads to the pod that is there now, seen from the other host. */
  async function expectPorts(): Promise<void> {
    await cluster.kubectl(['rollout', 'status', 'daemonset/ported', '--timeout=90s']);
    for (const [from, to] of [
      ['cp1', 'w1'],
      ['w1', 'cp1'],
    ] as const) {
      const pod = await cluster.kubectl([
        ...['get', 'pods', '-l', 'app=ported', '--field-selector', `spec.nodeName=${to}`],
        ...['-o', 'jsonpath={.items[*].metadata.name}'],
      ]);
      const answer = await cluster.lab.ssh(from, `curl -s --max-time 5 http://${cluster.lab.host(to).address}:${port}/hostname`);
      expect(answer.stdout, `${from} asks ${to}`).toBe(pod);
    }
  }

  async function planned(): Promise<ConvergeResult['changes']> {
    return (await cluster.kbsJson<ConvergeResult>(['plan', '-f', cluster.file])).changes;
  }

  test('apply makes a control plane with the one and a worker with CRI-O, and the proof is green', async () => {
    const made = await cluster.kbsJson<ConvergeResult>(['apply', '-f', cluster.file]);
    expect(made.proof.filter(({ ok }) => !ok)).toEqual([]);
    await expectRuntimes(other, 'cri-o');
    const ports = [{ containerPort: 8080, hostPort: port }];
    const containers = [{ name: 'ported', image, args: ['netexec', '--http-port=8080', '--udp-port=-1'], ports }];
    const template = { metadata: { labels: { app: 'ported' } }, spec: { tolerations: [{ operator: 'Exists' }], containers } };
    const spec = { selector: { matchLabels: { app: 'ported' } }, template };
    await cluster.kubectl(
      ['apply', '-f', '-'],
      JSON.stringify({ apiVersion: 'apps/v1', kind: 'DaemonSet', metadata: { name: 'ported' }, spec }),
    );
    await expectPorts();
    expect(await planned()).toEqual([]);
    await verify();
  });

  test('the runtimes change places: CRI-O on the living control plane, the other on the worker', async () => {
    const before = await uids();
    await cluster.describe({ runtimes: runtimesOf('cri-o', other) });
    const begins = (await planned())
      .filter(({ step }) => step === 'runtime-change/begin')
      .map(({ host, plan }) => `${host}: ${plan.summary}`);
    expect(begins).toEqual([
      `w1: change CRI-O for ${NAMES[other]} (host 1 of 2): drain, switch, prove, uncordon`,
      `cp1: change ${NAMES[other]} for CRI-O (host 2 of 2): drain, switch, prove, uncordon; the API does not answer meanwhile`,
    ]);
    const applied = await cluster.kbsJson<ConvergeResult>(['apply', '-f', cluster.file]);
    expect(applied.proof.filter(({ ok }) => !ok)).toEqual([]);
    await expectRuntimes('cri-o', other);
    expect(await uids()).toBe(before);
    await expectPorts();
    expect(await planned()).toEqual([]);
    await verify();
  });

  test('and back, though kbs was killed when the only control plane had neither of the two', async () => {
    const before = await uids();
    await cluster.describe({ runtimes: runtimesOf(other, 'cri-o') });
    const isBetween = `grep -q '"stage":"leave"' /etc/kbs/runtime-change.json && ! systemctl is-active --quiet crio`;
    await killedWhen(cluster, ['apply', '-f', cluster.file], 'cp1', isBetween);
    const applied = await cluster.kbsJson<ConvergeResult>(['apply', '-f', cluster.file]);
    expect(applied.proof.filter(({ ok }) => !ok)).toEqual([]);
    await expectRuntimes(other, 'cri-o');
    expect(await uids()).toBe(before);
    await expectPorts();
    expect(await planned()).toEqual([]);
    await verify();
  });

  test('reset takes both runtimes away again', async () => {
    await expectExactReset(cluster, HOSTS, bare);
  });
});
