import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ClusterStatus, ConvergeResult, NodeResult } from '../../src/operations/index.js';
import { failedRun } from '../support/bad-run.js';
import { IS_THOROUGH } from '../support/depth.js';
import { createLabCluster, type LabCluster } from '../support/lab-cluster.js';
import { preparedHosts } from '../support/prepared-hosts.js';

const NODES = ['cp1', 'w1'];

const TITLE = `three members of etcd on hosts of their own${IS_THOROUGH ? '' : ' (skipped: npm test -- --thorough runs it)'}`;

describe.skipIf(!IS_THOROUGH).sequential(TITLE, () => {
  let cluster: LabCluster;

  beforeAll(async () => {
    cluster = await createLabCluster({
      name: 'etcd3',
      hosts: [{ name: 'etcd1' }, { name: 'etcd2' }, { name: 'etcd3' }, { name: 'etcd4' }, ...(await preparedHosts(NODES))],
      members: ['etcd1', ...NODES],
      spec: (lab) => ({ controlPlaneEndpoint: { host: lab.host('cp1').address } }),
    });
  });

  afterAll(async () => {
    await cluster.down();
  });

  /** Name and role of every member, in the order of their names. */
  async function members(): Promise<readonly string[]> {
    const { etcd } = await cluster.kbsJson<ClusterStatus>(['status', '-f', cluster.file]);
    return etcd.map(({ name, role }) => `${name} ${role === 'leader' ? 'votes' : role === 'follower' ? 'votes' : role}`).sort();
  }

  /** The members the running API server works with. */
  async function servers(): Promise<readonly string[]> {
    const look = `tr '\\0' '\\n' </proc/$(pgrep -o -x kube-apiserver)/cmdline | sed -n 's/^--etcd-servers=//p'`;
    const urls = (await cluster.lab.ssh('cp1', look)).stdout.trim().split(',');
    const names = new Map(['etcd1', 'etcd2', 'etcd3', 'etcd4'].map((name) => [`https://${cluster.lab.host(name).address}:2379`, name]));
    return urls.map((url) => names.get(url) ?? url).sort();
  }

  const planIsEmpty = async (): Promise<void> => {
    const plan = await cluster.kbsJson<ConvergeResult>(['plan', '-f', cluster.file]);
    expect([plan.changes, plan.notInFile]).toEqual([[], []]);
  };

  test('apply with another list makes three of one: they join as learners, and the API server is told', async () => {
    await cluster.kbsJson<ConvergeResult>(['apply', '-f', cluster.file]);
    await cluster.kubectl(['create', 'configmap', 'before', '--from-literal=members=1']);
    await cluster.describe({ hosts: ['etcd1', 'etcd2', 'etcd3', ...NODES] });
    const { changes, proof } = await cluster.kbsJson<ConvergeResult>(['apply', '-f', cluster.file]);
    expect(proof.filter(({ ok }) => !ok)).toEqual([]);
    const steps = changes.map(({ host, step }) => `${host} ${step}`);
    for (const name of ['etcd2', 'etcd3']) expect(steps).toContain(`${name} etcd-hosts/etcd-vote`);
    expect(await members()).toEqual(['etcd1 votes', 'etcd2 votes', 'etcd3 votes']);
    expect(await servers()).toEqual(['etcd1', 'etcd2', 'etcd3']);
    expect(await cluster.kubectl(['get', 'configmap', 'before', '-o', 'jsonpath={.data.members}'])).toBe('1');
    await planIsEmpty();
  });

  test('with one of them dead the cluster goes on, and no other may go', async () => {
    await cluster.lab.kill('etcd2');
    await cluster.kubectl(['create', 'configmap', 'meanwhile', '--from-literal=members=2']);
    const { exitCode, errors } = await failedRun(cluster, ['node', 'remove', 'etcd3', '-f', cluster.file, '--yes', '--force']);
    expect({ exitCode, errors }).toMatchObject({ exitCode: 4, errors: [{ code: 'ETCD_QUORUM' }] });
    const status = await cluster.kbsJson<ClusterStatus>(['status', '-f', cluster.file]);
    expect(status.hosts.filter(({ problem }) => problem !== undefined).map(({ name }) => name)).toEqual(['etcd2']);
  });

  test('another host takes the place of the dead one, and nothing of that one is left', async () => {
    await cluster.describe({ hosts: ['etcd1', 'etcd2', 'etcd3', 'etcd4', ...NODES] });
    await cluster.kbsJson<NodeResult>(['node', 'replace', 'etcd2', 'etcd4', '-f', cluster.file, '--dead', '--yes']);
    await cluster.describe({ hosts: ['etcd1', 'etcd3', 'etcd4', ...NODES] });
    expect(await members()).toEqual(['etcd1 votes', 'etcd3 votes', 'etcd4 votes']);
    expect(await servers()).toEqual(['etcd1', 'etcd3', 'etcd4']);
    expect(await cluster.kubectl(['get', 'configmap', 'meanwhile', '-o', 'jsonpath={.data.members}'])).toBe('2');
    await planIsEmpty();
  });
});
