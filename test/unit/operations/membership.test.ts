import { describe, expect, test } from 'vitest';
import type { KubeObject } from '../../../src/kube/index.js';
import type { EtcdMemberHealth } from '../../../src/etcd/index.js';
import { checkMemberLeaving } from '../../../src/operations/nodes/etcd-host.js';
import { checkLeaving, findLeaving, isUnknown, type Leaving } from '../../../src/operations/nodes/leaving.js';
import { findStrangers } from '../../../src/operations/strangers.js';
import { aClusterSpec } from '../../support/cluster-spec.js';
import { aMember } from '../../support/memory-etcd.js';

const spec = aClusterSpec({ controlPlanes: 3 });
const WISHES = { isDead: false, force: false, isReplaced: true };

function node(name: string, ready = 'True', address = '10.0.0.99', labels: Readonly<Record<string, string>> = {}): KubeObject {
  const status = { addresses: [{ type: 'InternalIP', address }], conditions: [{ type: 'Ready', status: ready }] };
  return { apiVersion: 'v1', kind: 'Node', metadata: { name, labels }, status };
}

const members = [aMember('cp1', 11), aMember('cp2', 12), aMember('cp3', 13)].map((member) => ({ member }));

function leaving(name: string, nodes: readonly KubeObject[] = []): Leaving {
  return findLeaving(name, { spec, nodes, members });
}

describe('what the cluster has and the file has not', () => {
  test('nodes and members of others are named, each once', () => {
    const nodes = [node('cp1'), node('old')];
    const all = [aMember('cp1', 11), aMember('old', 30), aMember('gone', 31), aMember('', 32, { clientUrls: [] })];
    expect(findStrangers(spec, nodes, all)).toEqual({ nodes: ['old'], members: ['gone', '20'] });
  });

  test('a host of the file whose member has no name yet is no stranger', () => {
    expect(findStrangers(spec, [], [aMember('', 13, { clientUrls: [] })])).toEqual({ nodes: [], members: [] });
  });
});

describe('a node that is to leave', () => {
  test('is found in the file, in the API or in etcd alone', () => {
    expect(leaving('cp2')).toMatchObject({ isInFile: true, host: { address: '10.0.0.12' }, member: { member: { name: 'cp2' } } });
    const label = { 'node-role.kubernetes.io/control-plane': '' };
    expect(leaving('old', [node('old', 'True', '10.0.0.40', label)])).toMatchObject({
      isInFile: false,
      host: { name: 'old', address: '10.0.0.40', roles: ['control-plane'] },
      member: undefined,
    });
    expect(leaving('d')).toMatchObject({ host: undefined, member: { member: { name: 'cp3' } } });
    expect(isUnknown(leaving('nobody'))).toBe(true);
  });

  test('is not dead when its kubelet and its member are alive', () => {
    const alive = leaving('cp1', [node('cp1')]);
    expect(() => checkLeaving(alive, { ...WISHES, isDead: true }, { spec, members })).toThrow('node cp1 is Ready');
    expect(() => checkLeaving(alive, { ...WISHES, isDead: true, force: true }, { spec, members })).not.toThrow();
    const gone = { ...alive, member: { member: aMember('cp1', 11), problem: 'connection refused' } };
    expect(() => checkLeaving(gone, { ...WISHES, isDead: true }, { spec, members })).not.toThrow();
  });

  test('cannot take the control-plane endpoint with it', () => {
    const own = aClusterSpec({ controlPlanes: 3, spec: { controlPlaneEndpoint: { host: '10.0.0.11' } } });
    expect(() => checkLeaving(leaving('cp1'), WISHES, { spec: own, members })).toThrow(
      'the control-plane endpoint 10.0.0.11 is cp1 itself',
    );
    expect(() => checkLeaving(leaving('cp2'), WISHES, { spec: own, members })).not.toThrow();
  });

  test('may be the first of the file where every node has a load balancer of its own', () => {
    const balanced = aClusterSpec({ controlPlanes: 3, spec: { controlPlaneEndpoint: { provider: 'local-lb' } } });
    for (const { name } of balanced.hosts) expect(() => checkLeaving(leaving(name), WISHES, { spec: balanced, members })).not.toThrow();
    const named = aClusterSpec({ controlPlanes: 3, spec: { controlPlaneEndpoint: { provider: 'local-lb', host: 'cp1' } } });
    expect(() => checkLeaving(leaving('cp1'), WISHES, { spec: named, members })).toThrow('the control-plane endpoint cp1 is cp1 itself');
  });
});

describe('a member of etcd on a host of its own that is to leave', () => {
  const rows = [aMember('e1', 31), aMember('e2', 32), aMember('e3', 33)].map((member): EtcdMemberHealth => ({ member }));
  const wish = (isDead: boolean, force = false, isReplaced = false) => ({ isDead, force, isReplaced });
  const [e1] = rows;

  test('is refused where an even number or no quorum would be left', () => {
    expect(() => checkMemberLeaving({ name: 'e1', row: e1 }, rows, wish(false))).toThrow('2 members would be left');
    expect(() => checkMemberLeaving({ name: 'e1', row: e1 }, rows, wish(false, false, true))).not.toThrow();
    const sick = rows.map((row) => (row.member.name === 'e2' ? { ...row, problem: 'connection refused' } : row));
    expect(() => checkMemberLeaving({ name: 'e1', row: e1 }, sick, wish(false, true))).toThrow('and e2 does not');
    expect(() => checkMemberLeaving({ name: 'e1', row: e1 }, rows.slice(0, 1), wish(true, true))).toThrow('it is the last member');
  });

  test('is not dead while it answers', () => {
    expect(() => checkMemberLeaving({ name: 'e1', row: e1 }, rows, wish(true, false, true))).toThrow('its host is not gone');
    expect(() => checkMemberLeaving({ name: 'e1', row: e1 }, rows, wish(true, true, true))).not.toThrow();
    const gone = rows.map((row) => (row === e1 ? { ...row, problem: 'no answer' } : row));
    expect(() => checkMemberLeaving({ name: 'e1', row: gone[0] }, gone, wish(true, false, true))).not.toThrow();
  });
});
