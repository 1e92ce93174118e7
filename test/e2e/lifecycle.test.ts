import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ConvergeResult } from '../../src/operations/index.js';
import { diffSnapshots, snapshotHost, type Snapshot } from '../lab/snapshot.js';
import { createLabCluster, type LabCluster } from '../support/lab-cluster.js';

const HOSTS = ['cp1', 'w1', 'w2', 'w3'];

let cluster: LabCluster;
const bare = new Map<string, Snapshot>();

beforeAll(async () => {
  cluster = await createLabCluster({ name: 'life', hosts: HOSTS.map((name) => ({ name })), members: ['cp1', 'w1', 'w2'] });
  for (const name of HOSTS) bare.set(name, await snapshotHost(cluster.lab, cluster.lab.host(name)));
});

afterAll(async () => {
  await cluster.down();
});

/** What would have another identity after a restart: services, and every container with its start. */
async function running(host: string): Promise<string> {
  const services = await cluster.lab.ssh(host, 'systemctl show -p MainPID,ExecMainStartTimestampMonotonic containerd kubelet');
  const containers = await cluster.lab.ssh(host, 'crictl ps -q | sort');
  return `${services.stdout}\n${containers.stdout}`;
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

  test('a second apply changes nothing and restarts nothing', async () => {
    const before = await Promise.all(['cp1', 'w1', 'w2'].map(running));
    const result = await cluster.kbsJson<ConvergeResult>(['apply', '-f', cluster.file]);
    expect(result.changes).toEqual([]);
    expect(await Promise.all(['cp1', 'w1', 'w2'].map(running))).toEqual(before);
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
    expect((await Promise.all(['w1', 'w2'].map(running))).map(systemServices)).toEqual(before.map(systemServices));
    expect(await cluster.kubectl(['get', 'node', 'w3', '--no-headers'])).toContain(' Ready');
  });

  test('a worker is removed, and its host is as it was found', async () => {
    const result = await cluster.kbs(['reset', '-f', cluster.file, '--host', 'w3', '--yes']);
    expect(result).toMatchObject({ exitCode: 0 });
    expect(await cluster.kubectl(['get', 'nodes', '-o', 'name'])).not.toContain('w3');
    expect(sameAsBefore('w3', await snapshotHost(cluster.lab, cluster.lab.host('w3')))).toEqual([]);
    await cluster.describe();
  });

  test('reset takes every host back to how it was found', async () => {
    const result = await cluster.kbs(['reset', '-f', cluster.file, '--yes']);
    expect(result).toMatchObject({ exitCode: 0 });
    for (const name of ['cp1', 'w1', 'w2']) expect(sameAsBefore(name, await snapshotHost(cluster.lab, cluster.lab.host(name)))).toEqual([]);
  });
});

/** Of {@link running} only the services: pods of the proof come and go on every node. */
function systemServices(text: string): string {
  return text.split('\n\n')[0] ?? text;
}
