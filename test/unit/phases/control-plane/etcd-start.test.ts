import { describe, expect, test } from 'vitest';
import { etcdStartOf, joiningFlags } from '../../../../src/phases/control-plane/etcd-start.js';
import { clusterSpecOf } from '../../../../src/config/index.js';
import { aClusterSpec } from '../../../support/cluster-spec.js';
import { aMember, memoryEtcd, type MemoryEtcd } from '../../../support/memory-etcd.js';
import { memoryHost, type MemoryHost } from '../../../support/memory-host.js';

const DATA = '/var/lib/etcd/member/';
const MANIFEST = '/etc/kubernetes/manifests/etcd.yaml';
const spec = aClusterSpec({ controlPlanes: 3 });
const ALL = 'cp1=https://10.0.0.11:2380,cp2=https://10.0.0.12:2380,cp3=https://10.0.0.13:2380';

function manifest(initialCluster: string, ...more: readonly string[]): string {
  const command = ['etcd', '--data-dir=/var/lib/etcd', `--initial-cluster=${initialCluster}`, ...more];
  return JSON.stringify({ spec: { containers: [{ command }] } });
}

function controlPlane(name: string, files: Readonly<Record<string, string>> = {}): MemoryHost {
  return memoryHost({ name, address: `10.0.0.1${name.slice(2)}`, roles: ['control-plane'], files });
}

function startOf(etcd: MemoryEtcd, hosts: readonly MemoryHost[], host: MemoryHost, mayFound = true) {
  return etcdStartOf({ spec, etcd, memberHosts: hosts, mayFound }, host);
}

function silent(): MemoryEtcd {
  return Object.assign(memoryEtcd(), { isUp: false });
}

describe('how etcd of a host starts', () => {
  test('bare control planes of a file start together', async () => {
    const hosts = ['cp1', 'cp2', 'cp3'].map((name) => controlPlane(name));
    for (const host of hosts) expect(await startOf(silent(), hosts, host)).toEqual({ kind: 'together', flags: { initialCluster: ALL } });
  });

  test('a run that was cut off goes on with those it began with, whatever the file says now', async () => {
    const began = 'cp1=https://10.0.0.11:2380,cp2=https://10.0.0.12:2380';
    const hosts = [controlPlane('cp1', { [MANIFEST]: manifest(began), [DATA]: '' }), controlPlane('cp2'), controlPlane('cp3')];
    const [cp1, cp2, cp3] = hosts as [MemoryHost, MemoryHost, MemoryHost];
    expect(await startOf(silent(), hosts, cp1)).toEqual({ kind: 'stays', flags: { initialCluster: began } });
    expect(await startOf(silent(), hosts, cp2)).toEqual({ kind: 'together', flags: { initialCluster: began } });
    expect(await startOf(silent(), hosts, cp3)).toEqual({ kind: 'joins' });
  });

  test('a join never founds a cluster, also when nobody answers', async () => {
    const host = controlPlane('cp2');
    expect(await startOf(silent(), [host], host, false)).toEqual({ kind: 'joins' });
  });

  test('a running member keeps its flags when the file names more control planes', async () => {
    const own = 'cp1=https://10.0.0.11:2380';
    const host = controlPlane('cp1', { [MANIFEST]: manifest(own), [DATA]: '' });
    expect(await startOf(memoryEtcd(aMember('cp1', 11)), [host], host)).toEqual({ kind: 'stays', flags: { initialCluster: own } });
  });

  test('a bare host joins a running etcd, and one that was added and not started goes on', async () => {
    const host = controlPlane('cp2');
    const etcd = memoryEtcd(aMember('cp1', 11));
    expect(await startOf(etcd, [host], host)).toEqual({ kind: 'joins' });
    const added = await etcd.addLearner('https://10.0.0.12:2380', new AbortController().signal);
    expect(await startOf(etcd, [host], host)).toEqual({ kind: 'joins', member: added });
    expect(joiningFlags(etcd.list, host)).toEqual({
      initialCluster: 'cp1=https://10.0.0.11:2380,cp2=https://10.0.0.12:2380',
      initialClusterState: 'existing',
    });
  });

  test('a learner that has started is promoted, not added again', async () => {
    const learner = aMember('cp2', 12, { isLearner: true });
    const host = controlPlane('cp2', { [MANIFEST]: manifest(ALL, '--initial-cluster-state=existing'), [DATA]: '' });
    expect(await startOf(memoryEtcd(aMember('cp1', 11), learner), [host], host)).toEqual({ kind: 'joins', member: learner });
  });

  test('one that was born with others that were faster starts as they did', async () => {
    const late = aMember('cp3', 13, { clientUrls: [] });
    const hosts = [controlPlane('cp1', { [MANIFEST]: manifest(ALL), [DATA]: '' }), controlPlane('cp3')];
    const etcd = memoryEtcd(aMember('cp1', 11), aMember('cp2', 12), late);
    expect(await startOf(etcd, hosts, hosts[1] as MemoryHost)).toEqual({ kind: 'together', flags: { initialCluster: ALL } });
  });

  test('a member whose data is gone is exchanged for a new one', async () => {
    const host = controlPlane('cp2');
    const lost = aMember('cp2', 12);
    expect(await startOf(memoryEtcd(aMember('cp1', 11), lost, aMember('cp3', 13)), [host], host)).toEqual({ kind: 'joins', lost });
  });

  test('data of a member that was removed is never thrown away', async () => {
    const host = controlPlane('cp2', { [MANIFEST]: manifest(ALL), [DATA]: '' });
    await expect(startOf(memoryEtcd(aMember('cp1', 11)), [host], host)).rejects.toMatchObject({
      code: 'ETCD_REFUSED',
      where: { host: 'cp2' },
    });
  });

  test('the data folder of a running member cannot be changed', async () => {
    const host = controlPlane('cp1', {
      [MANIFEST]: manifest(ALL).replace('/var/lib/etcd', '/srv/etcd'),
      '/srv/etcd/member/': '',
    });
    await expect(startOf(memoryEtcd(aMember('cp1', 11)), [host], host)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });
});

describe('how etcd on a host of its own starts', () => {
  const UNIT = '/etc/systemd/system/etcd.service';
  const apart = clusterSpecOf(
    {
      apiVersion: 'kbs.dev/v1alpha1',
      kind: 'Cluster',
      spec: {
        hosts: [
          { name: 'cp1', address: '10.0.0.11', roles: ['control-plane'] },
          ...[1, 2, 3].map((number) => ({ name: `e${number}`, address: `10.0.0.3${number}`, roles: ['etcd'] as ['etcd'] })),
        ],
      },
    },
    { baseDirectory: '/' },
  );
  const FOUNDERS = 'e1=https://10.0.0.31:2380,e2=https://10.0.0.32:2380,e3=https://10.0.0.33:2380';
  const etcdHost = (name: string, files: Readonly<Record<string, string>> = {}): MemoryHost =>
    memoryHost({ name, address: `10.0.0.3${name.slice(1)}`, roles: ['etcd'], files });
  const startOn = (etcd: MemoryEtcd, memberHosts: readonly MemoryHost[], host: MemoryHost) =>
    etcdStartOf({ spec: apart, etcd, memberHosts, mayFound: true }, host);
  const unit = (initialCluster: string): string =>
    `[Service]\nExecStart=/usr/local/bin/etcd \\\n  --data-dir=/var/lib/etcd \\\n  --initial-cluster=${initialCluster} \\\n  --name=e1\n`;

  test('bare hosts of etcd start together, without the control planes', async () => {
    const hosts = ['e1', 'e2', 'e3'].map((name) => etcdHost(name));
    for (const host of hosts)
      expect(await startOn(silent(), hosts, host)).toEqual({ kind: 'together', flags: { initialCluster: FOUNDERS } });
  });

  test('a member that runs keeps the flags of its unit, and a new one joins it', async () => {
    const own = 'e1=https://10.0.0.31:2380';
    const hosts = [etcdHost('e1', { [UNIT]: unit(own), [DATA]: '' }), etcdHost('e2')] as const;
    const etcd = memoryEtcd(aMember('e1', 31));
    expect(await startOn(etcd, hosts, hosts[0])).toEqual({ kind: 'stays', flags: { initialCluster: own } });
    expect(await startOn(etcd, hosts, hosts[1])).toEqual({ kind: 'joins' });
  });

  test('one that was cut off while it was born goes on with those that began', async () => {
    const began = 'e1=https://10.0.0.31:2380,e2=https://10.0.0.32:2380';
    const hosts = [etcdHost('e1', { [UNIT]: unit(began), [DATA]: '' }), etcdHost('e2')] as const;
    expect(await startOn(silent(), hosts, hosts[1])).toEqual({ kind: 'together', flags: { initialCluster: began } });
  });
});
