import { spawn } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ClusterStatus, ConvergeResult, NodeResult } from '../../src/operations/index.js';
import { diffSnapshots, snapshotHost, type Snapshot } from '../lab/snapshot.js';
import { IS_EVERYDAY, IS_THOROUGH } from '../support/depth.js';
import { createLabCluster, type LabCluster } from '../support/lab-cluster.js';
import { preparedHosts } from '../support/prepared-hosts.js';

const FIRST = ['cp1', 'cp2', 'cp3'];
/** Hosts that are lost and what comes instead, with the cluster file meanwhile and afterwards: the lost one is the first there, or gone. */
const REPLACEMENTS = [
  { old: 'cp1', by: 'cp4', file: ['cp1', 'cp2', 'cp3', 'cp4'], after: ['cp2', 'cp3', 'cp4'] },
  { old: 'cp2', by: 'cp5', file: ['cp3', 'cp4', 'cp5'], after: ['cp3', 'cp4', 'cp5'] },
  { old: 'cp3', by: 'cp6', file: ['cp3', 'cp4', 'cp5', 'cp6'], after: ['cp4', 'cp5', 'cp6'] },
].slice(0, IS_THOROUGH ? 3 : 1);

/** A pod that only the worker can have, and a budget that never lets it go. */
const HELD = `
apiVersion: apps/v1
kind: Deployment
metadata: { name: held, namespace: default }
spec:
  selector: { matchLabels: { app: held } }
  template:
    metadata: { labels: { app: held } }
    spec:
      containers: [{ name: pause, image: registry.k8s.io/pause:3.8 }]
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: { name: keep-held, namespace: default }
spec:
  minAvailable: 1
  selector: { matchLabels: { app: held } }
`;

let cluster: LabCluster;
/** The host that came last, before kbs came. */
let bare: Snapshot;

beforeAll(async () => {
  cluster = await createLabCluster({
    name: 'member',
    hosts: await preparedHosts([...FIRST, 'w1']),
    members: ['cp1', 'w1'],
    spec: { controlPlaneEndpoint: { provider: 'local-lb' } },
  });
});

afterAll(async () => {
  await cluster.down();
});

interface Member {
  readonly name: string;
  readonly isLearner?: boolean;
  readonly clientURLs?: readonly string[];
}

/** What etcd itself says of its members, asked with its own client on a host. */
async function members(host: string): Promise<readonly Member[]> {
  const pki = '/etc/kubernetes/pki/etcd';
  const request = `curl -sS --cacert ${pki}/ca.crt --cert ${pki}/healthcheck-client.crt --key ${pki}/healthcheck-client.key`;
  const answer = await cluster.lab.ssh(host, `${request} -X POST -d '{"linearizable":true}' https://127.0.0.1:2379/v3/cluster/member/list`);
  return (JSON.parse(answer.stdout) as { members: readonly Member[] }).members;
}

async function voters(host: string): Promise<readonly string[]> {
  return (await members(host))
    .filter(({ isLearner = false, clientURLs = [] }) => !isLearner && clientURLs.length > 0)
    .map(({ name }) => name)
    .sort();
}

/** Start of etcd on a host: another after a restart. */
async function etcdStart(host: string): Promise<string> {
  return (await cluster.lab.ssh(host, 'stat -c %Y /proc/$(pgrep -x etcd)')).stdout;
}

/** What kbs says of a run that fails. */
async function failure(args: readonly string[]): Promise<{ readonly exitCode: number | null; readonly text: string }> {
  const { exitCode, stdout } = await cluster.kbs([...args, '--output', 'json']);
  return { exitCode, text: stdout };
}

/** Nodes that are control planes, asked on one of them: from outside everybody goes to the first. */
async function controlPlanes(host: string): Promise<readonly string[]> {
  const get = 'get nodes -l node-role.kubernetes.io/control-plane -o name';
  const { stdout } = await cluster.lab.ssh(
    host,
    `kubectl --kubeconfig /etc/kubernetes/admin.conf --cache-dir /run/kubectl ${get}; rm -rf /run/kubectl`,
  );
  return stdout
    .trim()
    .split('\n')
    .map((line) => line.replace('node/', ''))
    .sort();
}

/** The API servers that the worker's load balancer spreads connections over. */
async function balanced(): Promise<readonly string[]> {
  const { stdout } = await cluster.lab.ssh('w1', `sed -n 's/^ *server \\([a-z0-9]*\\) .*/\\1/p' /etc/kubernetes/local-lb/haproxy.cfg`);
  return [...new Set(stdout.trim().split('\n'))].sort();
}

/** Begins a join and kills it once etcd has the learner, which has not been started by then. */
async function joinCutOff(): Promise<void> {
  const [program = '', ...args] = [...cluster.command, 'join', '-f', cluster.file];
  const join = spawn(program, args, { env: { ...process.env, ...cluster.environment }, stdio: 'ignore', cwd: cluster.directory });
  const ended = new Promise((resolve) => join.once('exit', resolve));
  while (join.exitCode === null && (await members('cp1')).length < 2) await new Promise((resolve) => setTimeout(resolve, 20));
  join.kill('SIGKILL');
  await ended;
}

/** A host is lost for good: power cut, disk deleted. */
async function lose(host: string): Promise<void> {
  await cluster.lab.kill(host);
}

describe.skipIf(IS_EVERYDAY).sequential('control planes that come and go', () => {
  test('one control plane becomes three by join, though the join is killed between adding a learner and its start', async () => {
    await cluster.kbsJson<ConvergeResult>(['apply', '-f', cluster.file]);
    const before = await etcdStart('cp1');
    await cluster.describe({ hosts: [...FIRST, 'w1'] });
    await joinCutOff();
    const half = await members('cp1');
    expect(half.map(({ isLearner = false }) => isLearner).sort()).toEqual([false, true]);
    const result = await cluster.kbsJson<ConvergeResult>(['join', '-f', cluster.file]);
    const changed = result.changes.map(({ host, step }) => `${host} ${step}`);
    const added = changed.filter((change) => change.endsWith('control-plane/etcd-member'));
    expect(added).toHaveLength(1);
    expect(changed.filter((change) => change.endsWith('control-plane/etcd-vote'))).toHaveLength(2);
    expect(result.hosts).toEqual(['cp2', 'cp3']);
    expect(result.proof.filter(({ ok }) => !ok)).toEqual([]);
    expect(await members('cp1')).toHaveLength(3);
    expect(await voters('cp3')).toEqual(FIRST);
    // The first one was not restarted.
    expect(await etcdStart('cp1')).toBe(before);
    expect(await balanced()).toEqual(FIRST);
    expect((await cluster.kbsJson<ConvergeResult>(['plan', '-f', cluster.file])).changes).toEqual([]);
  });

  test('an even number of members is refused, with the reason', async () => {
    const even = await failure(['node', 'remove', 'cp2', '-f', cluster.file, '--yes']);
    expect(even.exitCode).toBe(4);
    expect(even.text).toContain('ETCD_QUORUM');
    expect(even.text).toContain('2 members would be left, which tolerate no failure');
    const reset = await failure(['reset', '--host', 'cp2', '-f', cluster.file, '--yes']);
    expect(reset.text).toContain('kbs node remove cp2');
    expect(await voters('cp1')).toEqual(FIRST);
  });

  test('with one control plane dead no other may go, and all that only looks works', async () => {
    await lose('cp1');
    const refused = await failure(['node', 'remove', 'cp2', '-f', cluster.file, '--yes', '--force']);
    expect(refused.exitCode).toBe(4);
    expect(refused.text).toContain('of the 2 members left 2 would have to run, and cp1 does not');
    expect(refused.text).toContain('kbs node remove cp1 --dead');
    const status = await cluster.kbsJson<ClusterStatus>(['status', '-f', cluster.file]);
    expect(status.hosts.filter(({ problem }) => problem !== undefined).map(({ name }) => name)).toEqual(['cp1']);
    const [lb] = status.controlPlaneEndpoint.hosts.flatMap(({ host, loadBalancer }) => (host === 'w1' ? [loadBalancer] : []));
    expect(lb?.apiServers.filter(({ up }) => !up)).toMatchObject([{ name: 'cp1', problem: expect.any(String) as string }]);
    expect(await controlPlanes('cp2')).toEqual(FIRST);
  });

  test.each(REPLACEMENTS)('$old is lost for good, and $by takes its place', async ({ old, by, file, after }) => {
    if (old !== 'cp1') await lose(old);
    const host = await cluster.lab.add({ name: by });
    bare = await snapshotHost(cluster.lab, host);
    await cluster.describe({ hosts: [...file, 'w1'] });
    await cluster.kbsJson<NodeResult>(['node', 'replace', old, by, '-f', cluster.file, '--dead', '--yes']);
    await cluster.describe({ hosts: [...after, 'w1'] });
    expect(await members(by)).toHaveLength(3);
    expect(await voters(by)).toEqual(after);
    expect(await balanced()).toEqual(after);
    expect(await controlPlanes(by)).toEqual(after);
    const plan = await cluster.kbsJson<ConvergeResult>(['plan', '-f', cluster.file]);
    expect([plan.changes, plan.notInFile]).toEqual([[], []]);
    await cluster.lab.remove(old);
  });

  test('a living control plane is taken out with --force, and its host is clean', async () => {
    const { by, after } = REPLACEMENTS.at(-1) ?? { by: '', after: [] };
    const left = after.filter((name) => name !== by);
    await cluster.kbsJson<NodeResult>(['node', 'remove', by, '-f', cluster.file, '--force', '--yes']);
    expect(await voters(left[0] ?? '')).toEqual(left);
    expect(await balanced()).toEqual(left);
    expect(await controlPlanes(left[0] ?? '')).toEqual(left);
    expect(diffSnapshots(bare, await snapshotHost(cluster.lab, cluster.lab.host(by)))).toEqual([]);
  });

  test('a PodDisruptionBudget that allows nothing stops drain and remove at their time limit, and the node stays cordoned', async () => {
    const { by, after } = REPLACEMENTS.at(-1) ?? { by: '', after: [] };
    await cluster.describe({ hosts: [...after.filter((name) => name !== by), 'w1'] });
    await cluster.kubectl(['apply', '-f', '-'], HELD);
    await cluster.kubectl(['rollout', 'status', 'deployment/held', '--timeout=60s']);
    for (const verb of ['drain', 'remove']) {
      const yes = verb === 'remove' ? ['--yes'] : [];
      const stopped = await failure(['node', verb, 'w1', '-f', cluster.file, '--drain-timeout', '3s', ...yes]);
      expect(stopped.exitCode).not.toBe(0);
      expect(stopped.text).toContain('DRAIN_BLOCKED');
      expect(stopped.text).toMatch(/default\/held-\S+: .*disruption budget keep-held/);
      expect(stopped.text).toContain('kbs node uncordon w1');
    }
    const unschedulable = async (): Promise<string> => cluster.kubectl(['get', 'node', 'w1', '-o', 'jsonpath={.spec.unschedulable}']);
    expect(await unschedulable()).toBe('true');
    expect(await cluster.kubectl(['get', 'pods', '-l', 'app=held', '--no-headers'])).toMatch(/ 1\/1 +Running /);
    await cluster.kubectl(['delete', 'poddisruptionbudget', 'keep-held']);
    await cluster.kbsJson<NodeResult>(['node', 'drain', 'w1', '-f', cluster.file]);
    await cluster.kbsJson<NodeResult>(['node', 'uncordon', 'w1', '-f', cluster.file]);
    expect(await unschedulable()).toBe('');
  });
});
