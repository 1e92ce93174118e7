import { describe, expect, test } from 'vitest';
import type { KubeObject } from '../../../../src/kube/index.js';
import { nodeProblem, readClusterState, restartsOf, systemPodProblems } from '../../../../src/phases/verify/readiness.js';
import { memoryKube, type MemoryKube } from '../../../support/memory-kube.js';

const READY = { conditions: [{ type: 'Ready', status: 'True' }] };

function node(name: string, status: object = READY): KubeObject {
  return { apiVersion: 'v1', kind: 'Node', metadata: { name }, status };
}

function pod(name: string, nodeName: string, owner?: string, status: object = READY): KubeObject {
  const [namespace = '', plain = ''] = name.split('/');
  const owners = owner === undefined ? {} : { ownerReferences: [{ kind: 'DaemonSet', name: owner }] };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: plain, namespace, ...owners },
    spec: { nodeName, containers: [{ name: 'main' }] },
    status,
  };
}

function kubeProxySet(pods: number): KubeObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name: 'kube-proxy', namespace: 'kube-system', generation: 1 },
    status: { observedGeneration: 1, desiredNumberScheduled: pods, currentNumberScheduled: pods },
  };
}

/** Nodes with kube-proxy. */
function cluster(names: readonly string[]): MemoryKube {
  const kube = memoryKube();
  kube.put(kubeProxySet(names.length));
  names.forEach((name) => kube.put(node(name), pod(`kube-system/kube-proxy-${name}`, name, 'kube-proxy')));
  return kube;
}

describe('readiness', () => {
  test('a node that is Ready and still tainted as not ready carries no ordinary pods', () => {
    const fresh = { ...node('w1'), spec: { taints: [{ key: 'node.kubernetes.io/not-ready', effect: 'NoExecute' }] } };
    const state = { nodes: [fresh], systemPods: [], daemonSets: [], deployments: [] };
    expect(nodeProblem(state, 'w1')).toContain('node.kubernetes.io/not-ready');
    expect(nodeProblem({ ...state, nodes: [node('w1')] }, 'w1')).toBeUndefined();
  });

  test('a node without a ready kube-proxy cannot carry pods', async () => {
    const kube = cluster(['w1', 'w2']);
    kube.objects.delete('Pod kube-system/kube-proxy-w2');
    expect(nodeProblem(await readClusterState(kube.api), 'w2')).toBe('has no pod of kube-proxy');
    const waiting = { containerStatuses: [{ name: 'main', ready: false, state: { waiting: { reason: 'ImagePullBackOff' } } }] };
    kube.put(pod('kube-system/kube-proxy-w2', 'w2', 'kube-proxy', waiting));
    expect(nodeProblem(await readClusterState(kube.api), 'w2')).toBe('kube-proxy-w2 is not ready: container main: ImagePullBackOff');
    const ended = { containerStatuses: [{ name: 'main', ready: false, state: { terminated: { reason: 'Error', exitCode: 2 } } }] };
    kube.put(pod('kube-system/kube-proxy-w2', 'w2', 'kube-proxy', ended));
    expect(nodeProblem(await readClusterState(kube.api), 'w2')).toBe('kube-proxy-w2 is not ready: container main: Error, exit code 2');
    expect(nodeProblem(await readClusterState(kube.api), 'w3')).toBe('is no node of the cluster');
  });

  test('a pod that is Ready again tells that its container ended, and how', () => {
    const terminated = { reason: 'OOMKilled', exitCode: 137, finishedAt: '2022-09-01T10:00:00Z' };
    const again = { ...READY, containerStatuses: [{ name: 'c0', ready: true, restartCount: 2, lastState: { terminated } }] };
    expect(restartsOf(pod('kube-system/again', 'w1', undefined, again))).toEqual([
      'container c0 was started again (2), ended last: OOMKilled, exit code 137, 2022-09-01T10:00:00Z',
    ]);
    expect(restartsOf(pod('kube-system/steady', 'w1', undefined, { containerStatuses: [{ name: 'c0', ready: true }] }))).toEqual([]);
  });

  test('pods on nodes that are not asked for, and pods that have done their work, do not count', async () => {
    const kube = cluster(['w1', 'w2']);
    kube.put(
      pod('kube-system/dead', 'w9', undefined, { phase: 'Running' }),
      pod('kube-system/job', 'w1', undefined, { phase: 'Succeeded' }),
    );
    expect(systemPodProblems(await readClusterState(kube.api), ['w1', 'w2'])).toEqual([]);
    kube.put(pod('kube-system/pending', undefined as unknown as string, undefined, { phase: 'Pending' }));
    expect(systemPodProblems(await readClusterState(kube.api), ['w1', 'w2'])).toEqual(['pending: Pending']);
  });

  test('a workload whose pods are not all made yet counts', async () => {
    const kube = cluster(['w1']);
    kube.put({ ...kubeProxySet(2), status: { observedGeneration: 1, desiredNumberScheduled: 2, currentNumberScheduled: 1 } });
    kube.put({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'coredns', namespace: 'kube-system', generation: 2 },
      spec: { replicas: 2 },
      status: { observedGeneration: 1 },
    });
    expect(systemPodProblems(await readClusterState(kube.api), ['w1'])).toEqual([
      'kube-proxy has 1 of 2 pods',
      'coredns was not looked at by its controller yet',
    ]);
  });
});
