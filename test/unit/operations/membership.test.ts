import { describe, expect, test } from 'vitest';
import type { KubeObject } from '../../../src/kube/index.js';
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
});
