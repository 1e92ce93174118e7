import { describe, expect, test } from 'vitest';
import type { EtcdMemberHealth } from '../../../../src/etcd/index.js';
import type { KubeObject } from '../../../../src/kube/index.js';
import { runtimeOfType } from '../../../../src/phases/container-runtime/index.js';
import { nodeProblem, quorumProblem } from '../../../../src/phases/runtime-change/node-steps.js';

const CONTAINERD = runtimeOfType({ containerRuntime: { type: 'containerd', cgroupDriver: 'systemd' } }, 'containerd');
const READY = [{ type: 'Ready', status: 'True' }];

function member(name: string, problem?: string, isLearner = false): EtcdMemberHealth {
  return {
    member: { id: name, name, peerUrls: [], clientUrls: [], isLearner },
    ...(problem === undefined ? {} : { problem }),
  };
}

describe('the quorum of etcd', () => {
  test.each([
    ['is kept by two of three', [member('cp1'), member('cp2'), member('cp3')], undefined],
    ['would be lost where another one is ill', [member('cp1'), member('cp2', 'no answer'), member('cp3')], 'cp2: no answer'],
    ['does not count the one that is changed', [member('cp1', 'no answer'), member('cp2'), member('cp3')], undefined],
    ['does not count learners', [member('cp1'), member('cp2', 'behind', true)], undefined],
    ['cannot be kept by one', [member('cp1')], undefined],
    ['cannot be kept by two', [member('cp1'), member('cp2')], undefined],
  ])('%s', (_what, rows, problem) => {
    expect(quorumProblem(rows, 'cp1')).toBe(problem);
  });
});

function node(version: string, conditions: readonly object[] = READY): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'w1' },
    status: { nodeInfo: { containerRuntimeVersion: version }, conditions },
  };
}

function pod(
  name: string,
  containerID: string,
  more: Partial<KubeObject['metadata']> = {},
  conditions: readonly object[] = READY,
): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'kube-system', ownerReferences: [{ kind: 'DaemonSet', name: 'kube-proxy' }], ...more },
    spec: { nodeName: 'w1' },
    status: { phase: 'Running', conditions, containerStatuses: [{ name: 'one', ready: true, containerID }] },
  };
}

const NEW = node('containerd://1.6.20');

describe('a node with another runtime', () => {
  test('works when its own pods run in it', () => {
    const mirror = pod('etcd-w1', 'containerd://b', { ownerReferences: [], annotations: { 'kubernetes.io/config.mirror': 'x' } });
    expect(nodeProblem(NEW, [pod('kube-proxy-x', 'containerd://a'), mirror], CONTAINERD)).toBeUndefined();
  });

  test.each([
    ['its kubelet has not reported yet', node('docker://20.10.24'), [], /its kubelet reports docker:\/\/20/],
    [
      'it is not Ready',
      node('containerd://1.6.20', [{ type: 'Ready', status: 'False', reason: 'KubeletNotReady' }]),
      [],
      /KubeletNotReady/,
    ],
    ['a pod is still that of the former one', NEW, [pod('kube-proxy-x', 'docker://a')], /kube-proxy-x was not started by containerd yet/],
    [
      'a pod is not ready',
      NEW,
      [pod('kube-proxy-x', 'containerd://a', {}, [{ type: 'Ready', status: 'False', reason: 'ContainersNotReady' }])],
      /kube-proxy-x/,
    ],
    ['it is unknown', undefined, [], /not registered/],
  ])('does not while %s', (_what, seen, pods, problem) => {
    expect(nodeProblem(seen, pods, CONTAINERD)).toMatch(problem);
  });

  test('need not have every pod of others well', () => {
    const elsewhere = { ...pod('kube-proxy-y', 'docker://a'), spec: { nodeName: 'w2' } };
    const plain = pod('coredns-x', 'docker://a', { ownerReferences: [{ kind: 'ReplicaSet', name: 'coredns' }] });
    expect(nodeProblem(NEW, [elsewhere, plain], CONTAINERD)).toBeUndefined();
  });
});
