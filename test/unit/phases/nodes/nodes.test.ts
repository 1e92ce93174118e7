import { describe, expect, test } from 'vitest';
import type { KubeObject } from '../../../../src/kube/index.js';
import { nodeObject, nodeSettings, nthNodeCidr, taintChange, TAINTS_ANNOTATION, type Taint } from '../../../../src/phases/nodes/index.js';

const SOCKET = 'unix:///run/containerd/containerd.sock';
const CONTROL_PLANE: Taint = { key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule' };
const NOT_READY: Taint = { key: 'node.kubernetes.io/not-ready', effect: 'NoExecute', timeAdded: '2023-01-01T00:00:00Z' };
const DB: Taint = { key: 'dedicated', value: 'db', effect: 'NoSchedule' };

function settings(more: Partial<Parameters<typeof nodeSettings>[0]> = {}) {
  return nodeSettings({ name: 'n', roles: ['worker'], labels: {}, taints: undefined, ...more }, SOCKET);
}

function node(taints: readonly Taint[], record?: string): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'n', ...(record === undefined ? {} : { annotations: { [TAINTS_ANNOTATION]: record } }) },
    spec: { taints },
  };
}

describe('what the cluster file says of a node', () => {
  test('a worker has its CRI socket and labels, no role label and no taint', () => {
    expect(settings({ labels: { disk: 'ssd' } })).toEqual({
      name: 'n',
      labels: { disk: 'ssd' },
      annotations: { 'kubeadm.alpha.kubernetes.io/cri-socket': SOCKET },
      taints: [],
    });
  });

  test('a control plane has kubeadm’s labels and taint', () => {
    expect(settings({ roles: ['control-plane'] })).toMatchObject({
      labels: { 'node-role.kubernetes.io/control-plane': '', 'node.kubernetes.io/exclude-from-external-load-balancers': '' },
      taints: [CONTROL_PLANE],
    });
  });

  test.each([
    ['that is a worker too has no taint', { roles: ['control-plane', 'worker'] as const, taints: undefined }, []],
    ['with an empty list has no taint', { roles: ['control-plane'] as const, taints: [] }, []],
    [
      'with taints of its own has only those',
      { roles: ['control-plane'] as const, taints: [{ key: 'a', effect: 'NoExecute' as const }] },
      [{ key: 'a', effect: 'NoExecute' }],
    ],
  ])('a control plane %s', (_case, { roles, taints }, expected) => {
    expect(settings({ roles: [...roles], taints }).taints).toEqual(expected);
  });

  test('taints are no part of what is applied: the list belongs to controllers too', () => {
    const object = nodeObject(settings({ roles: ['control-plane'] }), '10.244.0.0/24');
    expect(object['spec']).toEqual({ podCIDR: '10.244.0.0/24', podCIDRs: ['10.244.0.0/24'] });
  });
});

describe('taints', () => {
  test('that are right already need no change, whatever else is on the node', () => {
    expect(taintChange(node([CONTROL_PLANE, NOT_READY]), settings({ roles: ['control-plane'] }))).toBeUndefined();
    expect(taintChange(node([NOT_READY, DB], 'dedicated:NoSchedule'), { ...settings(), taints: [DB] })).toBeUndefined();
  });

  test('are added beside those of others, and remembered', () => {
    expect(taintChange(node([NOT_READY]), { ...settings(), taints: [DB] })).toEqual({
      taints: [NOT_READY, DB],
      record: 'dedicated:NoSchedule',
    });
  });

  test('that kbs once set and the file no longer has are taken off', () => {
    expect(taintChange(node([NOT_READY, DB], 'dedicated:NoSchedule'), settings())).toEqual({ taints: [NOT_READY], record: null });
  });

  test('that somebody else has set stay', () => {
    expect(taintChange(node([DB]), settings())).toBeUndefined();
  });

  test('with another value are replaced', () => {
    const change = taintChange(node([DB], 'dedicated:NoSchedule'), { ...settings(), taints: [{ ...DB, value: 'web' }] });
    expect(change?.taints).toEqual([{ ...DB, value: 'web' }]);
  });

  test('the control plane’s goes when the host is a worker too', () => {
    expect(taintChange(node([CONTROL_PLANE]), settings({ roles: ['control-plane', 'worker'] }))).toEqual({ taints: [], record: null });
  });
});

describe('pod CIDRs of a new cluster', () => {
  test.each([
    ['10.244.0.0/16', 0, '10.244.0.0/24'],
    ['10.244.0.0/16', 255, '10.244.255.0/24'],
    ['10.244.0.0/16', 256, undefined],
    ['10.244.17.3/16', 1, '10.244.1.0/24'],
    ['192.168.128.0/20', 15, '192.168.143.0/24'],
    ['10.0.0.0/8', 300, '10.1.44.0/24'],
    ['10.5.6.0/24', 0, '10.5.6.0/24'],
    ['10.5.6.0/25', 0, undefined],
    ['10.244.0.0/16', -1, undefined],
  ])('node %#: of %s number %i is %s', (subnet, index, expected) => {
    expect(nthNodeCidr(subnet, index)).toBe(expected);
  });
});
