import { describe, expect, test } from 'vitest';
import type { KubeObject } from '../../../../src/kube/index.js';
import { runProof, type ProofOptions, type ProofRow } from '../../../../src/phases/proof/index.js';
import { nodeProblem, readClusterState, systemPodProblems } from '../../../../src/phases/proof/readiness.js';
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

/** Nodes with kube-proxy, and somebody who plays the controllers: probe pods come with their DaemonSet. */
function cluster(names: readonly string[]): MemoryKube {
  const kube = memoryKube();
  kube.put(kubeProxySet(names.length));
  names.forEach((name) => kube.put(node(name), pod(`kube-system/kube-proxy-${name}`, name, 'kube-proxy')));
  kube.onChange = (change) => {
    const namespace = /^apply DaemonSet (kbs-proof-[^/]+)\/probe$/.exec(change)?.[1];
    if (namespace === undefined) return;
    const service = kube.objects.get(`Service ${namespace}/probe`);
    if (service !== undefined) kube.put({ ...service, spec: { ...(service['spec'] as object), clusterIP: '10.96.0.99' } });
    names.forEach((name, index) => kube.put(pod(`${namespace}/probe-${name}`, name, 'probe', { ...READY, podIP: `10.244.${index}.5` })));
  };
  kube.answer = (_method, path) => dialed(path);
  return kube;
}

/** Everything answers: pods by their own name, service and DNS by any. */
function dialed(path: string) {
  const host = new URL(`http://x${path}`).searchParams.get('host') ?? '';
  const index = /^10\.244\.(\d)\.5$/.exec(host)?.[1];
  return { status: 200, body: JSON.stringify({ responses: [`probe-w${index === undefined ? 1 : Number(index) + 1}`] }) };
}

function options(kube: MemoryKube, more: Partial<ProofOptions> = {}): ProofOptions {
  const signal = new AbortController().signal;
  return { kube, image: 'agnhost:1', nodes: ['w1', 'w2'], dnsDomain: 'cluster.local', signal, timeoutMs: 1_500, ...more };
}

function left(kube: MemoryKube): readonly string[] {
  return [...kube.objects.keys()].filter((key) => /^(Namespace|DaemonSet|Pod) kbs-proof/.test(key));
}

describe('the proof of a cluster', () => {
  test('has a row for every node, every pair of nodes both ways, and service and name from each', async () => {
    const kube = cluster(['w1', 'w2']);
    const rows = await runProof(options(kube));
    expect(rows.map(({ edge, what, ok }) => `${ok ? 'ok' : 'FAILED'} ${what}: ${edge}`)).toEqual([
      'ok node: w1',
      'ok node: w2',
      'ok system pods: cluster',
      'ok pod to pod: w1 → w2 pod',
      'ok service: w1 → service',
      'ok pod to pod: w2 → w1 pod',
      'ok service: w2 → service',
      'ok cluster DNS: w1 → cluster DNS',
      'ok cluster DNS: w2 → cluster DNS',
    ]);
  });

  test('of one node alone proves services and names from it', async () => {
    const rows = await runProof(options(cluster(['w1']), { nodes: ['w1'] }));
    expect(rows.map(({ what }) => what)).toEqual(['node', 'system pods', 'service', 'cluster DNS']);
  });

  test('asks by the right addresses: pod by its own, service by its own, name in the cluster’s domain', async () => {
    const kube = cluster(['w1', 'w2']);
    const asked: string[] = [];
    kube.answer = (_method, path) => {
      const url = new URL(`http://x${path}`);
      asked.push(`${/pods\/([^:]+):/.exec(url.pathname)?.[1] ?? ''} → ${url.searchParams.get('host')}:${url.searchParams.get('port')}`);
      return dialed(path);
    };
    await runProof(options(kube));
    const namespace = /kbs-proof-[0-9a-f]+/.exec(kube.changes.join(' '))?.[0] ?? '';
    expect(asked.sort()).toEqual([
      'probe-w1 → 10.244.1.5:8080',
      'probe-w1 → 10.96.0.99:80',
      `probe-w1 → probe.${namespace}.svc.cluster.local:80`,
      'probe-w2 → 10.244.0.5:8080',
      'probe-w2 → 10.96.0.99:80',
      `probe-w2 → probe.${namespace}.svc.cluster.local:80`,
    ]);
  });

  test('tries an edge again that does not work at first', async () => {
    const kube = cluster(['w1', 'w2']);
    let tries = 0;
    const names = new Set<string | null>();
    kube.answer = (_method, path) => {
      if (path.includes('probe-w2')) names.add(new URLSearchParams(path.split('?')[1]).get('host'));
      if (path.toLowerCase().includes('svc.cluster.local') && path.includes('probe-w2') && ++tries < 3)
        return { status: 200, body: '{"errors":["no such host"]}' };
      return dialed(path);
    };
    const rows = await runProof(options(kube));
    expect(rows.every(({ ok }) => ok)).toBe(true);
    expect(tries).toBe(3);
    // Each try of a name in letters of its own: a pod's resolver lets equal lookups wait for each other.
    expect([...names].filter((name) => name?.toLowerCase().endsWith('svc.cluster.local'))).toHaveLength(3);
  });

  test('fails naming the edges that do not work, with what was seen and what the cluster says', async () => {
    const kube = cluster(['w1', 'w2']);
    kube.put({
      ...{ apiVersion: 'v1', kind: 'Event', metadata: { name: 'e', namespace: 'kube-system' } },
      ...{ type: 'Warning', reason: 'BackOff', message: 'restarting', involvedObject: { kind: 'Pod', name: 'kube-proxy-w2' } },
    });
    kube.answer = (_method, path) => {
      if (path.endsWith('/log?tailLines=4&container=main')) return { status: 200, body: `log of ${path.split('/')[6] ?? ''}\n` };
      return path.includes('probe-w1') && path.includes('10.244.1.5') ? { status: 200, body: '{"errors":["i/o timeout"]}' } : dialed(path);
    };
    const told: (readonly ProofRow[])[] = [];
    const error: unknown = await runProof(options(kube, { timeoutMs: 700 }), (rows) => told.push(rows)).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'PROOF_FAILED', message: 'the cluster does not carry traffic: w1 → w2 pod' });
    const { details } = error as { details: readonly string[] };
    expect(details[0]).toMatch(/^w1 → w2 pod \(pod to pod\) after [\d.]+ s: i\/o timeout$/);
    expect(details).toEqual(
      expect.arrayContaining([
        'event Pod kube-proxy-w2: BackOff: restarting',
        'kube-system/kube-proxy-w1: log of kube-proxy-w1',
        'kube-system/kube-proxy-w2: log of kube-proxy-w2',
      ]),
    );
    expect(told[0]?.filter(({ ok }) => !ok).map(({ edge }) => edge)).toEqual(['w1 → w2 pod']);
  });

  test('a wrong pod that answers is no proof', async () => {
    const kube = cluster(['w1', 'w2']);
    kube.answer = () => ({ status: 200, body: '{"responses":["probe-w1"]}' });
    await expect(runProof(options(kube, { timeoutMs: 500 }))).rejects.toMatchObject({
      message: 'the cluster does not carry traffic: w1 → w2 pod',
    });
  });

  test('fails with the reason when a node does not get Ready', async () => {
    const kube = cluster(['w1', 'w2']);
    kube.put(
      node('w2', { conditions: [{ type: 'Ready', status: 'False', reason: 'KubeletNotReady', message: 'cni plugin not initialized' }] }),
    );
    await expect(runProof(options(kube, { timeoutMs: 400 }))).rejects.toMatchObject({
      code: 'PROOF_FAILED',
      details: expect.arrayContaining([
        expect.stringMatching(/^w2 \(node\) .*: is not Ready: KubeletNotReady: cni plugin not initialized$/),
      ]) as string[],
    });
    expect(left(kube)).toEqual([]);
  });

  test('makes no pod before every node has its network', async () => {
    const kube = cluster(['w1', 'w2']);
    kube.put(pod('kube-system/kube-proxy-w2', 'w2', 'kube-proxy', { phase: 'Pending' }));
    await expect(runProof(options(kube, { timeoutMs: 400 }))).rejects.toMatchObject({ code: 'PROOF_FAILED' });
    expect(kube.changes.filter((change) => change.startsWith('apply'))).toEqual([]);
  });

  test.each(['success', 'failure', 'cancel'] as const)('takes away what it made: %s', async (end) => {
    const kube = cluster(['w1', 'w2']);
    const abort = new AbortController();
    if (end === 'failure') kube.answer = () => ({ status: 500, body: 'broken' });
    if (end === 'cancel') {
      kube.answer = () => {
        abort.abort(new Error('Ctrl-C'));
        return { status: 500, body: '' };
      };
    }
    await runProof(options(kube, { signal: abort.signal, timeoutMs: 600 })).catch(() => undefined);
    expect(kube.changes.some((change) => change.startsWith('apply DaemonSet kbs-proof'))).toBe(true);
    expect(left(kube)).toEqual([]);
  });

  test('takes away what a killed run has left', async () => {
    const kube = cluster(['w1', 'w2']);
    kube.put({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'kbs-proof-old', labels: { 'kbs.dev/proof': 'true' } } });
    kube.put(pod('kbs-proof-old/probe-x', 'w1'));
    await runProof(options(kube));
    expect(left(kube)).toEqual([]);
  });
});

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
    expect(nodeProblem(await readClusterState(kube.api), 'w3')).toBe('is no node of the cluster');
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
