import { describe, expect, test } from 'vitest';
import { clusterSpecOf, type ClusterFileInput, type ClusterSpec } from '../../../../src/config/index.js';
import { checkMemberData, checkServersInUse } from '../../../../src/phases/etcd-checks/members.js';
import { aMember as etcdMember, memoryEtcd, type MemoryEtcd } from '../../../support/memory-etcd.js';
import { memoryHost, type MemoryHost } from '../../../support/memory-host.js';

const MANIFEST = '/etc/kubernetes/manifests/kube-apiserver.yaml';

function aSpec(isApart: boolean, more: Partial<ClusterFileInput['spec']> = {}): ClusterSpec {
  const spec: ClusterFileInput['spec'] = {
    hosts: [
      { name: 'cp1', address: '10.0.0.11', roles: ['control-plane'] },
      ...(isApart ? [{ name: 'e1', address: '10.0.0.31', roles: ['etcd'] as ['etcd'] }] : []),
    ],
    ...more,
  };
  return clusterSpecOf({ apiVersion: 'kbs.dev/v1alpha1', kind: 'Cluster', spec }, { baseDirectory: '/' });
}

function aControlPlane(servers?: string): MemoryHost {
  const command = ['kube-apiserver', '--advertise-address=10.0.0.11', `--etcd-servers=${servers}`, '--secure-port=6443'];
  const text = JSON.stringify({ apiVersion: 'v1', kind: 'Pod', spec: { containers: [{ name: 'kube-apiserver', command }] } });
  return memoryHost({ name: 'cp1', roles: ['control-plane'], files: servers === undefined ? {} : { [MANIFEST]: text } });
}

function aMember(hasData: boolean): MemoryHost {
  return memoryHost({ name: 'e1', roles: ['etcd'], files: hasData ? { '/var/lib/etcd/member/': '' } : {} });
}

const signal = new AbortController().signal;

function silent(): MemoryEtcd {
  return Object.assign(memoryEtcd(), { isUp: false });
}

describe('the etcd that an API server uses', () => {
  test.each([
    ['beside it', false, 'https://127.0.0.1:2379'],
    ['on the hosts of etcd', true, 'https://10.0.0.31:2379'],
    ['on some of the hosts of etcd', true, 'https://10.0.0.30:2379,https://10.0.0.31:2379'],
    ['nowhere yet', true, undefined],
  ])('may be %s', async (_where, isApart, servers) => {
    const host = aControlPlane(servers);
    expect(await checkServersInUse(host, { spec: aSpec(isApart), etcd: silent() }, signal)).toEqual([]);
  });

  test.each([
    ['from the control planes to hosts of its own', true, 'https://127.0.0.1:2379'],
    ['from hosts of its own to the control planes', false, 'https://10.0.0.31:2379'],
  ])('is not changed %s', async (_how, isApart, servers) => {
    const host = aControlPlane(servers);
    const found = await checkServersInUse(host, { spec: aSpec(isApart), etcd: silent() }, signal);
    expect(found).toEqual([{ name: 'EtcdData', level: 'error', text: expect.stringContaining('kbs does not move data') as unknown }]);
  });
});

test('an API server is led to other members of the etcd it uses, and to no other etcd', async () => {
  const host = aControlPlane('https://10.0.0.30:2379');
  const look = (etcd: MemoryEtcd) => checkServersInUse(host, { spec: aSpec(true), etcd }, signal);
  expect(await look(memoryEtcd(etcdMember('e0', 30), etcdMember('e1', 31)))).toEqual([]);
  expect(await look(memoryEtcd(etcdMember('e1', 31)))).toMatchObject([{ name: 'EtcdData' }]);
  // The etcd beside an API server is on every control plane: its loopback says nothing of the one that is asked.
  const beside = aControlPlane('https://127.0.0.1:2379');
  const asked = memoryEtcd(etcdMember('e1', 31, { clientUrls: ['https://127.0.0.1:2379', 'https://10.0.0.31:2379'] }));
  expect(await checkServersInUse(beside, { spec: aSpec(true), etcd: asked }, signal)).toMatchObject([{ name: 'EtcdData' }]);
});

describe('a member’s data', () => {
  test('need not be there before there is an API server', async () => {
    const member = aMember(false);
    expect(await checkMemberData(member, { spec: aSpec(true), hosts: [aControlPlane(), member], etcd: silent() }, signal)).toEqual([]);
  });

  test('must not have gone while there is one', async () => {
    const member = aMember(false);
    const found = await checkMemberData(
      member,
      { spec: aSpec(true), hosts: [aControlPlane('https://10.0.0.31:2379'), member], etcd: silent() },
      signal,
    );
    expect(found).toMatchObject([{ name: 'EtcdMembers', level: 'error' }]);
  });

  test('comes from the others where these are at work', async () => {
    const member = aMember(false);
    const hosts = [aControlPlane('https://10.0.0.31:2379'), member];
    expect(await checkMemberData(member, { spec: aSpec(true), hosts, etcd: memoryEtcd(etcdMember('e2', 32)) }, signal)).toEqual([]);
  });

  test('is fine where it is', async () => {
    const member = aMember(true);
    expect(
      await checkMemberData(
        member,
        { spec: aSpec(true), hosts: [aControlPlane('https://10.0.0.31:2379'), member], etcd: silent() },
        signal,
      ),
    ).toEqual([]);
  });
});
