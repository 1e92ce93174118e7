import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ConvergeResult } from '../../src/operations/index.js';
import { createLabCluster, type LabCluster } from '../support/lab-cluster.js';
import { startLoadBalancer, type LoadBalancer } from '../support/load-balancer/index.js';

const FIRST = ['cp1', 'cp2', 'cp3'];

let cluster: LabCluster;
let balancer: LoadBalancer;

beforeAll(async () => {
  cluster = await createLabCluster({
    name: 'member',
    hosts: FIRST.map((name) => ({ name })),
    members: ['cp1'],
    spec: (lab) => ({ controlPlaneEndpoint: { host: lab.gateway } }),
  });
  balancer = await startLoadBalancer(cluster.lab, FIRST);
});

afterAll(async () => {
  balancer.stop();
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

describe.sequential('control planes that come and go', () => {
  test('one control plane becomes three by join, and the first one’s etcd is not restarted', async () => {
    await cluster.kbsJson<ConvergeResult>(['init', '-f', cluster.file]);
    const before = await etcdStart('cp1');
    await cluster.describe({ hosts: FIRST });
    const result = await cluster.kbsJson<ConvergeResult>(['join', '-f', cluster.file]);
    expect(result.hosts).toEqual(['cp2', 'cp3']);
    expect(result.proof.filter(({ ok }) => !ok)).toEqual([]);
    expect(await members('cp1')).toHaveLength(3);
    expect(await voters('cp3')).toEqual(FIRST);
    expect(await etcdStart('cp1')).toBe(before);
    expect((await cluster.kbsJson<ConvergeResult>(['plan', '-f', cluster.file])).changes).toEqual([]);
  });
});
