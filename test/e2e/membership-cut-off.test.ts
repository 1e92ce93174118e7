import { spawn } from 'node:child_process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ConvergeResult } from '../../src/operations/index.js';
import { createLabCluster, type LabCluster } from '../support/lab-cluster.js';
import { startLoadBalancer, type LoadBalancer } from '../support/load-balancer/index.js';

let cluster: LabCluster;
let balancer: LoadBalancer;

beforeAll(async () => {
  cluster = await createLabCluster({
    name: 'cut-off',
    hosts: [{ name: 'cp1' }, { name: 'cp2' }],
    members: ['cp1'],
    spec: (lab) => ({ controlPlaneEndpoint: { host: lab.gateway } }),
  });
  balancer = await startLoadBalancer(cluster.lab, ['cp1', 'cp2']);
});

afterAll(async () => {
  balancer.stop();
  await cluster.down();
});

interface Member {
  readonly peerURLs: readonly string[];
  readonly isLearner?: boolean;
}

/** What etcd itself says of its members. */
async function members(): Promise<readonly Member[]> {
  const pki = '/etc/kubernetes/pki/etcd';
  const request = `curl -sS --cacert ${pki}/ca.crt --cert ${pki}/healthcheck-client.crt --key ${pki}/healthcheck-client.key`;
  const answer = await cluster.lab.ssh(
    'cp1',
    `${request} -X POST -d '{"linearizable":true}' https://127.0.0.1:2379/v3/cluster/member/list`,
  );
  return (JSON.parse(answer.stdout) as { members: readonly Member[] }).members;
}

test('a join that is killed between adding the learner and its start is continued by the next one', async () => {
  await cluster.kbsJson<ConvergeResult>(['init', '-f', cluster.file]);
  await cluster.describe({ hosts: ['cp1', 'cp2'] });
  const [program = '', ...args] = [...cluster.command, 'join', '-f', cluster.file];
  const join = spawn(program, args, { env: { ...process.env, ...cluster.environment }, stdio: 'ignore', cwd: cluster.directory });
  const ended = new Promise((resolve) => join.once('exit', resolve));
  while (join.exitCode === null && (await members()).length < 2) await new Promise((resolve) => setTimeout(resolve, 20));
  join.kill('SIGKILL');
  await ended;
  const half = await members();
  expect(half.map(({ isLearner = false }) => isLearner).sort()).toEqual([false, true]);

  const result = await cluster.kbsJson<ConvergeResult>(['join', '-f', cluster.file]);
  expect(result.changes.map(({ step }) => step)).not.toContain('control-plane/etcd-member');
  expect(result.changes.map(({ step }) => step)).toContain('control-plane/etcd-vote');
  const whole = await members();
  expect(whole).toHaveLength(2);
  expect(whole.some(({ isLearner = false }) => isLearner)).toBe(false);
  expect((await cluster.kbsJson<ConvergeResult>(['plan', '-f', cluster.file])).changes).toEqual([]);
});
