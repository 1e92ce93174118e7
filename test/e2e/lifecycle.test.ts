import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { ConvergeResult } from '../../src/operations/index.js';
import { diffSnapshots, snapshotHost, type Snapshot } from '../lab/snapshot.js';
import { createLabCluster, type LabCluster } from '../support/lab-cluster.js';

const HOSTS = ['cp1', 'w1', 'w2', 'w3'];

interface PodShape {
  readonly metadata: { readonly name: string };
  readonly status: { readonly containerStatuses: readonly { readonly ready: boolean; readonly restartCount: number }[] };
}

let cluster: LabCluster;
const bare = new Map<string, Snapshot>();

beforeAll(async () => {
  cluster = await createLabCluster({ name: 'life', hosts: HOSTS.map((name) => ({ name })), members: ['cp1', 'w1', 'w2'] });
  for (const name of HOSTS) bare.set(name, await snapshotHost(cluster.lab, cluster.lab.host(name)));
});

afterAll(async () => {
  await cluster.down();
});

/**
 * Running containers of the system, each with its process: the runtime's own list. The API's would be late: a kubelet shows a static pod
 * that it started before the API served a minute later, and a restart seconds later.
 */
const SYSTEM_CONTAINERS = `tasks=$(mktemp); ctr -n k8s.io tasks ls | sort > "$tasks"
ctr -n k8s.io containers ls -q 'labels."io.kubernetes.pod.namespace"==kube-system' 'labels."io.kubernetes.pod.namespace"==kube-flannel' |
  sort | join - "$tasks"; rm "$tasks"`;

/** What would have another identity after a restart: services, and every container of the system. */
async function running(host: string): Promise<string> {
  const [services, containers] = await Promise.all([
    cluster.lab.ssh(host, 'systemctl show -p MainPID,ExecMainStartTimestampMonotonic containerd kubelet'),
    cluster.lab.ssh(host, SYSTEM_CONTAINERS),
  ]);
  // kube-proxy and flannel, each with its sandbox.
  expect(containers.stdout.match(/^[0-9a-f]{64} \d+ RUNNING$/gm)?.length, containers.stdout + containers.stderr).toBeGreaterThanOrEqual(4);
  return services.stdout + containers.stdout;
}

function sameAsBefore(host: string, now: Snapshot): readonly string[] {
  const before = bare.get(host);
  if (before === undefined) throw new Error(`no snapshot of ${host}`);
  return diffSnapshots(before, now);
}

describe.sequential('a cluster from bare hosts and back', () => {
  test('init makes a control plane whose proof is green', async () => {
    const result = await cluster.kbsJson<ConvergeResult>(['init', '-f', cluster.file]);
    expect(result.proof.filter(({ ok }) => !ok)).toEqual([]);
    expect(result.proof.length).toBeGreaterThan(0);
    expect(result.hosts).toEqual(['cp1']);
  });

  test('join adds the workers, and pods of every node reach those of every other node', async () => {
    const result = await cluster.kbsJson<ConvergeResult>(['join', '-f', cluster.file]);
    expect(result.proof.filter(({ ok }) => !ok)).toEqual([]);
    const edges = result.proof.map(({ edge }) => edge).join('\n');
    for (const from of ['cp1', 'w1', 'w2'])
      for (const to of ['cp1', 'w1', 'w2']) if (from !== to) expect(edges).toMatch(new RegExp(`${from}.*${to}`));
    const nodes = await cluster.kubectl(['get', 'nodes', '--no-headers']);
    expect(nodes.trim().split('\n')).toHaveLength(3);
    expect(nodes).not.toContain('NotReady');
  });

  test('the pod network comes up on a node where kube-proxy has made no service reachable yet', async () => {
    const podOn = async (namespace: string, selector: string): Promise<PodShape> => {
      const argv = ['get', 'pods', '-n', namespace, '-l', selector, '--field-selector', 'spec.nodeName=w1', '-o', 'json'];
      const { items } = JSON.parse(await cluster.kubectl(argv)) as { items: readonly PodShape[] };
      const [pod, ...others] = items;
      if (pod === undefined || others.length > 0) throw new Error(`${items.length} pods of ${selector} on w1`);
      return pod;
    };
    const flannel = async () => (await podOn('kube-flannel', 'app=flannel')).status.containerStatuses[0];
    const before = await flannel();
    const proxy = (await podOn('kube-system', 'k8s-app=kube-proxy')).metadata.name;
    const iptables = (args: string) => cluster.kubectl(['exec', '-n', 'kube-system', proxy, '--', 'iptables', '-w', ...args.split(' ')]);
    // As when the node comes up, but for certain: the API's service is refused when flannel starts.
    const refused = 'OUTPUT -d 10.96.0.1 -p tcp -j REJECT';
    await iptables(`-I ${refused}`);
    await iptables('-t nat -F KUBE-SERVICES');
    expect(await cluster.lab.ssh('w1', 'pkill -KILL -x flanneld')).toMatchObject({ exitCode: 0 });
    const restarts = (before?.restartCount ?? 0) + 1;
    await vi.waitFor(async () => expect(await flannel()).toMatchObject({ ready: true, restartCount: restarts }), {
      timeout: 60_000,
      interval: 500,
    });
    // Longer than one that finds no API lives.
    await sleep(2_000);
    expect(await flannel()).toMatchObject({ ready: true, restartCount: restarts });
    await iptables(`-D ${refused}`);
    await cluster.kubectl(['delete', 'pod', '-n', 'kube-system', proxy]);
    await cluster.kubectl(['rollout', 'status', '-n', 'kube-system', 'daemonset/kube-proxy', '--timeout=60s']);
  });

  test('a second apply changes nothing and restarts nothing', async () => {
    const before = await Promise.all(['cp1', 'w1', 'w2'].map(running));
    const result = await cluster.kbsJson<ConvergeResult>(['apply', '-f', cluster.file]);
    expect(result.changes).toEqual([]);
    expect(await Promise.all(['cp1', 'w1', 'w2'].map(running))).toEqual(before);
  });

  test('two runs at once: the second says who is at work, and a run that was killed holds nothing', async () => {
    const [one, other] = await Promise.all([
      cluster.kbs(['apply', '-f', cluster.file, '--output', 'json']),
      cluster.kbs(['apply', '-f', cluster.file, '--output', 'json']),
    ]);
    const [won, lost] = one.exitCode === 0 ? [one, other] : [other, one];
    expect(won.exitCode).toBe(0);
    expect(lost.exitCode).toBe(6);
    const { errors } = JSON.parse(lost.stdout) as { errors: { code: string; message: string }[] };
    expect(errors).toMatchObject([{ code: 'CLUSTER_LOCKED' }]);
    expect(errors[0]?.message).toMatch(/kbs apply of .+ on .+, since \d{4}-/);

    const killed = cluster.kbs(['apply', '-f', cluster.file], { killAfterMs: 4_000 });
    expect((await killed).exitCode).toBe(137);
    expect(await cluster.kbs(['apply', '-f', cluster.file])).toMatchObject({ exitCode: 0 });
  });

  test('plan of a cluster that is as declared is empty and ends with exit code 0', async () => {
    const result = await cluster.kbs(['plan', '-f', cluster.file, '--exit-code']);
    expect(result).toMatchObject({ exitCode: 0 });
    expect(result.stdout).toContain('nothing to change');
  });

  test('status tells that everything is well', async () => {
    const status = await cluster.kbsJson<{ hosts: { node: string }[]; components: { healthy: boolean }[]; drift: unknown }>([
      'status',
      '-f',
      cluster.file,
    ]);
    expect(status.hosts.map(({ node }) => node)).toEqual(['Ready', 'Ready', 'Ready']);
    expect(status.components.every(({ healthy }) => healthy)).toBe(true);
    expect(status.drift).toEqual({ changes: [] });
  });

  test('plan tells beforehand what apply then does', async () => {
    await cluster.describe({
      spec: { containerRuntime: { registries: [{ host: 'docker.io', mirrors: ['https://mirror.example.org'] }] } },
    });
    const planned = await cluster.kbs(['plan', '-f', cluster.file, '--exit-code', '--output', 'json']);
    expect(planned.exitCode).toBe(9);
    const { changes } = JSON.parse(planned.stdout) as ConvergeResult;
    expect(changes.length).toBeGreaterThan(0);
    const applied = await cluster.kbsJson<ConvergeResult>(['apply', '-f', cluster.file]);
    const key = ({ host, step, plan }: ConvergeResult['changes'][number]): string => `${host} ${step} ${plan.summary}`;
    expect(applied.changes.map(key).sort()).toEqual(changes.map(key).sort());
    await cluster.describe();
    await cluster.kbsJson<ConvergeResult>(['apply', '-f', cluster.file]);
  });

  test('a worker is added without touching the others', async () => {
    const before = await Promise.all(['w1', 'w2'].map(running));
    await cluster.describe({ hosts: HOSTS });
    const result = await cluster.kbsJson<ConvergeResult>(['join', '-f', cluster.file]);
    expect(result.hosts).toEqual(['w3']);
    expect(result.proof.filter(({ ok }) => !ok)).toEqual([]);
    expect(await Promise.all(['w1', 'w2'].map(running))).toEqual(before);
    expect(await cluster.kubectl(['get', 'node', 'w3', '--no-headers'])).toContain(' Ready');
  });

  test('a worker is removed, and its host is as it was found', async () => {
    const result = await cluster.kbs(['reset', '-f', cluster.file, '--host', 'w3', '--yes']);
    expect(result.exitCode, result.stderr).toBe(0);
    expect(await cluster.kubectl(['get', 'nodes', '-o', 'name'])).not.toContain('w3');
    expect(sameAsBefore('w3', await snapshotHost(cluster.lab, cluster.lab.host('w3')))).toEqual([]);
    await cluster.describe();
  });

  test('reset takes every host back to how it was found', async () => {
    const result = await cluster.kbs(['reset', '-f', cluster.file, '--yes']);
    expect(result.exitCode, result.stderr).toBe(0);
    for (const name of ['cp1', 'w1', 'w2']) expect(sameAsBefore(name, await snapshotHost(cluster.lab, cluster.lab.host(name)))).toEqual([]);
  });
});
