import { describe, expect, test } from 'vitest';
import type { KubeObject } from '../../../../src/kube/index.js';
import { drainNode } from '../../../../src/phases/leave/drain.js';
import { memoryKube, type MemoryKube } from '../../../support/memory-kube.js';

const QUIET = { signal: new AbortController().signal, progress: () => undefined };

function pod(
  name: string,
  owner: string | undefined,
  more: { node?: string; annotations?: Record<string, string>; phase?: string } = {},
): KubeObject {
  const ownerReferences = owner === undefined ? [] : [{ kind: owner, name: owner.toLowerCase(), controller: true }];
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default', annotations: more.annotations ?? {}, ownerReferences },
    spec: { nodeName: more.node ?? 'w1' },
    status: { phase: more.phase ?? 'Running' },
  };
}

function budget(name: string): { status: number; body: string } {
  const message = 'Cannot evict pod as it would violate the budget.';
  return {
    status: 429,
    body: JSON.stringify({ message, details: { causes: [{ message: `The disruption budget ${name} needs 2 healthy pods` }] } }),
  };
}

/** Evictions are granted but for some pods. */
function cluster(held: readonly string[], ...pods: readonly KubeObject[]): { readonly kube: MemoryKube; readonly evicted: string[] } {
  const kube = memoryKube();
  kube.put(...pods);
  const evicted: string[] = [];
  kube.answer = (method, path) => {
    const name = /^\/api\/v1\/namespaces\/default\/pods\/([^/]+)\/eviction$/.exec(path)?.[1];
    if (method !== 'POST' || name === undefined) return { status: 404, body: '' };
    if (held.includes(name)) return budget('web');
    evicted.push(name);
    kube.objects.delete(`Pod default/${name}`);
    return { status: 201, body: '{}' };
  };
  return { kube, evicted };
}

describe('draining a node', () => {
  test('evicts what can run elsewhere; DaemonSets, static pods, ended pods and other nodes stay as they are', async () => {
    const { kube, evicted } = cluster(
      [],
      pod('web', 'ReplicaSet'),
      pod('db', 'StatefulSet'),
      pod('proxy', 'DaemonSet'),
      pod('etcd-w1', 'Node', { annotations: { 'kubernetes.io/config.mirror': 'x' } }),
      pod('done', 'Job', { phase: 'Succeeded' }),
      pod('elsewhere', 'ReplicaSet', { node: 'w2' }),
    );
    await drainNode(kube.api, { node: 'w1', timeoutMs: 5_000, force: false }, QUIET);
    expect(evicted.sort()).toEqual(['db', 'web']);
    expect(kube.objects.size).toBe(4);
  });

  test('a budget that allows none is waited for, then named', async () => {
    const { kube } = cluster(['web'], pod('web', 'ReplicaSet'));
    await expect(drainNode(kube.api, { node: 'w1', timeoutMs: 0, force: false }, QUIET)).rejects.toMatchObject({
      code: 'DRAIN_BLOCKED',
      details: [expect.stringContaining('default/web: ') as string],
    });
    await expect(drainNode(kube.api, { node: 'w1', timeoutMs: 0, force: false }, QUIET)).rejects.toMatchObject({
      details: [expect.stringContaining('The disruption budget web needs 2 healthy pods') as string],
    });
    expect(kube.objects.has('Pod default/web')).toBe(true);
  });

  test('with force what a budget holds is deleted after the time limit', async () => {
    const { kube } = cluster(['web'], pod('web', 'ReplicaSet'));
    await drainNode(kube.api, { node: 'w1', timeoutMs: 0, force: true }, QUIET);
    expect(kube.changes).toEqual(['delete Pod default/web']);
  });

  test('a pod nothing would make again stops it before any other pod is touched', async () => {
    const { kube, evicted } = cluster([], pod('web', 'ReplicaSet'), pod('lonely', undefined));
    await expect(drainNode(kube.api, { node: 'w1', timeoutMs: 5_000, force: false }, QUIET)).rejects.toMatchObject({
      code: 'DRAIN_BLOCKED',
      details: ['default/lonely'],
    });
    expect(evicted).toEqual([]);
  });
});
