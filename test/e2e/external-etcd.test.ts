import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { ClusterStatus, ConvergeResult, NodeResult } from '../../src/operations/index.js';
import { output } from '../lab/command.js';
import { labClusterFile } from '../lab/lab-cluster-file.js';
import { diffSnapshots, snapshotHost, type Snapshot } from '../lab/snapshot.js';
import { failedRun } from '../support/bad-run.js';
import { IS_EVERYDAY } from '../support/depth.js';
import { createLabCluster, type LabCluster } from '../support/lab-cluster.js';
import { startLoadBalancer, type LoadBalancer } from '../support/load-balancer/index.js';
import { preparedHosts } from '../support/prepared-hosts.js';

const PKI = '/etc/kubernetes/pki';
/** cp9 is the only host of a second cluster, whose etcd is the first one's. */
const MEMBERS = ['etcd1', 'cp1', 'w1'];

let cluster: LabCluster;
let balancer: LoadBalancer;
let second: string;
const bare = new Map<string, Snapshot>();

beforeAll(async () => {
  const hosts = [{ name: 'etcd1' }, { name: 'etcd2' }, ...(await preparedHosts(['cp1', 'w1'])), { name: 'cp9' }];
  cluster = await createLabCluster({
    name: 'xetcd',
    hosts,
    members: MEMBERS,
    spec: (lab) => ({ controlPlaneEndpoint: { host: lab.gateway } }),
  });
  balancer = await startLoadBalancer(cluster.lab, ['cp1']);
  second = join(cluster.directory, 'second.yaml');
  for (const name of ['etcd1', 'etcd2', 'cp9']) bare.set(name, await snapshotHost(cluster.lab, name));
});

afterAll(async () => {
  balancer.stop();
  await cluster.down();
});

async function onHost(host: string, script: string): Promise<string> {
  const result = await cluster.lab.exec(host, ['sh', '-c', script]);
  expect(result, script).toMatchObject({ exitCode: 0 });
  return result.stdout.trim();
}

async function differences(name: string): Promise<readonly string[]> {
  const before = bare.get(name);
  if (before === undefined) throw new Error(`no snapshot of ${name}`);
  return diffSnapshots(before, await snapshotHost(cluster.lab, name));
}

interface Change {
  readonly certificate?: string;
  readonly prefix?: string;
}

/** The cluster file of the second cluster. */
async function describeSecond({ certificate = 'client', prefix }: Change): Promise<void> {
  const at = (name: string): string => join(cluster.directory, name);
  const external = {
    endpoints: [`https://${cluster.lab.host('etcd2').address}:2379`],
    caFile: at('ca.crt'),
    certFile: at(`${certificate}.crt`),
    keyFile: at(`${certificate}.key`),
  };
  const spec = { etcd: { external }, ...(prefix === undefined ? {} : { apiServer: { extraArgs: { 'etcd-prefix': prefix } } }) };
  const artifacts = { source: 'bundle', path: cluster.bundle };
  await writeFile(second, labClusterFile(cluster.lab, { name: 'second', hosts: ['cp9'], artifacts, spec }));
}

/** A client certificate nobody asked for: signed by itself. */
async function makeStranger(): Promise<void> {
  const [key, certificate] = ['stranger.key', 'stranger.crt'].map((name) => join(cluster.directory, name));
  const subject = ['-subj', '/CN=stranger', '-addext', 'extendedKeyUsage=clientAuth'];
  await output([
    'openssl',
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-days',
    '2',
    '-keyout',
    key ?? '',
    '-out',
    certificate ?? '',
    ...subject,
  ]);
}

describe.skipIf(IS_EVERYDAY).sequential('etcd on a host of its own', () => {
  test('apply makes it with the cluster, and traffic flows', async () => {
    const result = await cluster.kbsJson<ConvergeResult>(['apply', '-f', cluster.file]);
    expect(result.proof.filter(({ ok }) => !ok)).toEqual([]);
    expect((await cluster.kubectl(['get', 'nodes', '-o', 'name'])).trim().split('\n').sort()).toEqual(['node/cp1', 'node/w1']);
  });

  test('the control plane has neither a member nor the key of etcd’s CA, the host of etcd nothing but etcd', async () => {
    expect(await onHost('cp1', 'ls /etc/kubernetes/manifests')).not.toContain('etcd');
    expect(await onHost('cp1', `ls ${PKI}/etcd`)).toBe('ca.crt');
    expect(await onHost('etcd1', `ls ${PKI}; ls ${PKI}/etcd`)).toBe(
      'etcd\nca.crt\nca.key\nhealthcheck-client.crt\nhealthcheck-client.key\npeer.crt\npeer.key\nserver.crt\nserver.key',
    );
    expect(await onHost('etcd1', 'ls /etc/systemd/system/*.service /usr/bin/kubelet /usr/local/bin 2>&1; exit 0')).not.toMatch(
      /kubelet\.service|containerd/,
    );
  });

  test('kubeadm’s configuration calls it external', async () => {
    const text = await cluster.kubectl([
      'get',
      'configmap',
      'kubeadm-config',
      '-n',
      'kube-system',
      '-o',
      'jsonpath={.data.ClusterConfiguration}',
    ]);
    expect(parse(text)).toMatchObject({
      etcd: {
        external: {
          endpoints: [`https://${cluster.lab.host('etcd1').address}:2379`],
          caFile: `${PKI}/etcd/ca.crt`,
          certFile: `${PKI}/apiserver-etcd-client.crt`,
          keyFile: `${PKI}/apiserver-etcd-client.key`,
        },
      },
    });
  });

  test('a plan right after is empty, and status sees the member', async () => {
    expect(await cluster.kbs(['plan', '-f', cluster.file, '--exit-code'])).toMatchObject({ exitCode: 0 });
    const status = await cluster.kbsJson<ClusterStatus>(['status', '-f', cluster.file]);
    expect(status.hosts.map(({ node }) => node)).toEqual(['none', 'Ready', 'Ready']);
    expect(status.components.filter(({ healthy }) => !healthy)).toEqual([]);
    expect(status.components.filter(({ component }) => component === 'etcd').map(({ host }) => host)).toEqual(['etcd1']);
    expect(status.drift).toEqual({ changes: [] });
  });

  test('its only member is not taken out, and not taken for dead', async () => {
    for (const args of [
      ['remove', 'etcd1'],
      ['remove', 'etcd1', '--dead', '--force'],
    ]) {
      const { exitCode, errors } = await failedRun(cluster, ['node', ...args, '-f', cluster.file, '--yes']);
      expect({ exitCode, errors }).toMatchObject({ exitCode: 4, errors: [{ code: 'ETCD_QUORUM' }] });
    }
  });

  test('another host takes its place: it joins, the API server and kubeadm’s configuration follow, the old host is clean', async () => {
    await cluster.kubectl(['create', 'configmap', 'before', '--from-literal=etcd=etcd1']);
    await cluster.describe({ hosts: [...MEMBERS, 'etcd2'] });
    const replaced = await cluster.kbsJson<NodeResult>(['node', 'replace', 'etcd1', 'etcd2', '-f', cluster.file, '--yes']);
    const steps = replaced.changes.map(({ host, step }) => `${host} ${step}`);
    for (const step of ['etcd2 etcd-hosts/etcd-member', 'etcd2 etcd-hosts/etcd-vote', 'cp1 control-plane/manifests'])
      expect(steps).toContain(step);
    await cluster.describe({ hosts: ['etcd2', 'cp1', 'w1'] });
    const url = `https://${cluster.lab.host('etcd2').address}:2379`;
    expect(await onHost('cp1', "sed -n 's/.*--etcd-servers=//p' /etc/kubernetes/manifests/kube-apiserver.yaml")).toBe(url);
    expect(await cluster.kubectl(['get', 'configmap', 'before', '-o', 'jsonpath={.data.etcd}'])).toBe('etcd1');
    expect(await cluster.kubectl(['-n', 'kube-system', 'get', 'configmap', 'kubeadm-config', '-o', 'yaml'])).toContain(url);
    expect(await differences('etcd1')).toEqual([]);
    const status = await cluster.kbsJson<ClusterStatus>(['status', '-f', cluster.file]);
    expect(status.etcd.map(({ name, role }) => `${name} ${role}`)).toEqual(['etcd2 leader']);
    expect(await cluster.kbs(['plan', '-f', cluster.file, '--exit-code'])).toMatchObject({ exitCode: 0 });
  });
});

describe.skipIf(IS_EVERYDAY).sequential('the same etcd, external to a second cluster', () => {
  beforeAll(async () => {
    await makeStranger();
    for (const [from, to] of [
      [`${PKI}/etcd/ca.crt`, 'ca.crt'],
      [`${PKI}/apiserver-etcd-client.crt`, 'client.crt'],
      [`${PKI}/apiserver-etcd-client.key`, 'client.key'],
    ] as const) {
      await writeFile(join(cluster.directory, to), `${await onHost('cp1', `cat ${from}`)}\n`, { mode: 0o600 });
    }
  });

  test('a certificate that etcd does not trust is refused before anything is changed', async () => {
    await describeSecond({ certificate: 'stranger', prefix: '/second' });
    const { exitCode, errors } = await failedRun(cluster, ['init', '-f', second]);
    expect({ exitCode, errors }).toMatchObject({
      exitCode: 4,
      errors: [
        { code: 'PREFLIGHT_FAILED', where: { host: 'cp9' }, details: [expect.stringMatching(/^ExternalEtcd: .*does not accept certFile/)] },
      ],
    });
    expect(await differences('cp9')).toEqual([]);
  });

  test('a key that belongs to another certificate is told without asking anybody', async () => {
    await describeSecond({ prefix: '/second' });
    await writeFile(second, (await readFile(second, 'utf8')).replace('client.key', 'stranger.key'));
    const { exitCode, errors } = await failedRun(cluster, ['init', '-f', second]);
    expect({ exitCode, errors }).toMatchObject({
      exitCode: 3,
      errors: [{ code: 'CONFIG_INVALID', details: [expect.stringContaining('keyFile')] }],
    });
  });

  test('the data of the first cluster is not taken for its own', async () => {
    await describeSecond({});
    const { exitCode, errors } = await failedRun(cluster, ['init', '-f', second]);
    expect({ exitCode, errors }).toMatchObject({
      exitCode: 4,
      errors: [{ details: [expect.stringContaining('holds the data of another cluster')] }],
    });
    expect(await differences('cp9')).toEqual([]);
  });

  test('with a prefix of its own it becomes a cluster of its own', async () => {
    await describeSecond({ prefix: '/second' });
    const result = await cluster.kbsJson<ConvergeResult>(['init', '-f', second]);
    expect(result.proof.filter(({ ok }) => !ok)).toEqual([]);
    expect(await onHost('cp9', `ls ${PKI}/etcd`)).toBe('ca.crt');
    expect(
      await onHost(
        'cp9',
        'kubectl --cache-dir /tmp/kubectl --kubeconfig /etc/kubernetes/admin.conf get nodes -o name; rm -rf /tmp/kubectl',
      ),
    ).toBe('node/cp9');
    expect(await cluster.kbs(['plan', '-f', second, '--exit-code'])).toMatchObject({ exitCode: 0 });
    const status = await cluster.kbsJson<ClusterStatus>(['status', '-f', second]);
    expect(status.components.filter(({ component }) => component === 'etcd')).toEqual([
      { host: `${cluster.lab.host('etcd2').address}:2379`, component: 'etcd', healthy: true },
    ]);
  });
});

describe.skipIf(IS_EVERYDAY).sequential('reset', () => {
  test('a host of etcd does not leave a cluster that goes on', async () => {
    const { exitCode, errors } = await failedRun(cluster, ['reset', '-f', cluster.file, '--host', 'etcd2', '--yes']);
    expect({ exitCode, errors }).toMatchObject({ exitCode: 2, errors: [{ code: 'USAGE' }] });
  });

  test('takes control plane and host of etcd back to how they were found', async () => {
    for (const file of [second, cluster.file]) {
      const result = await cluster.kbs(['reset', '-f', file, '--yes']);
      expect(result.exitCode, result.stderr).toBe(0);
    }
    expect(await differences('etcd2')).toEqual([]);
    expect(await differences('cp9')).toEqual([]);
  });
});
