import { describe, expect, test } from 'vitest';
import type { KubeObject } from '../../../../src/kube/index.js';
import {
  CHECKS,
  runVerification,
  verificationError,
  type HostRequest,
  type VerifyHost,
  type VerifyOptions,
} from '../../../../src/phases/verify/index.js';
import { memoryKube, type MemoryKube } from '../../../support/memory-kube.js';

const READY = { conditions: [{ type: 'Ready', status: 'True' }] };
const NODES = ['w1', 'w2'];
const RESOLV = 'search kbs.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\n';

/** What a host's request is answered with; undefined: nobody answers. */
type Answer = (from: string, request: HostRequest) => string | undefined;

function node(name: string): KubeObject {
  return { apiVersion: 'v1', kind: 'Node', metadata: { name }, status: READY };
}

/** Nodes, and somebody who plays the controllers: pods come with their DaemonSet, addresses with their service. */
function cluster(): MemoryKube {
  const kube = memoryKube();
  NODES.forEach((name) => kube.put(node(name)));
  kube.onChange = (change) => {
    const [, kind, namespace, name] = /^apply (DaemonSet|Service) (kbs-verify-[0-9a-f]+)\/(.*)$/.exec(change) ?? [];
    if (kind === undefined || namespace === undefined || name === undefined) return;
    const object = kube.objects.get(`${kind} ${namespace}/${name}`);
    if (kind === 'Service' && object !== undefined) {
      kube.put({ ...object, spec: { ...(object['spec'] as object), clusterIP: '10.96.0.99', ports: [{ nodePort: 31_000 }] } });
      return;
    }
    NODES.forEach((host, index) =>
      kube.put({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: `${name}-${host}`, namespace, labels: { app: name } },
        spec: { nodeName: host, containers: [{ name: 'c0' }] },
        status: { ...READY, podIP: `10.244.${index}.${name === 'probe' ? 5 : 6}` },
      }),
    );
  };
  kube.answer = (_method, path) => ({ status: 200, body: path.endsWith('/healthz') ? 'ok' : '' });
  return kube;
}

function podAt(ip: string): string | undefined {
  const [, index, last] = /^10\.244\.(\d)\.(\d)$/.exec(ip) ?? [];
  return index === undefined ? undefined : `${last === '5' ? 'probe' : 'peer'}-${NODES[Number(index)] ?? ''}`;
}

/** Everything answers as it should. */
const sound: Answer = (_from, { path }) => {
  if (path === '/etc/resolv.conf') return RESOLV;
  const query = new URL(`http://x${path}`).searchParams;
  const request = query.get('request') ?? '';
  if (request.startsWith('echo ')) return JSON.stringify({ responses: [request.slice('echo '.length)] });
  return JSON.stringify({ responses: [podAt(query.get('host') ?? '') ?? 'probe-w1'] });
};

function host(name: string, index: number, answer: Answer): VerifyHost & { readonly ran: string[] } {
  const ran: string[] = [];
  return {
    name,
    ran,
    address: `10.0.0.${index + 1}`,
    roles: new Set(['worker']),
    run: async ({ text }) => {
      ran.push(text);
      return text.includes('route get') ? '10.244.0.5 dev cni0 src 10.244.0.1' : '7: cni0: <UP> mtu 1450 qdisc noqueue';
    },
    http: async (request) => {
      const body = answer(name, request);
      return body === undefined ? { status: undefined, reason: 'no answer' } : { status: 200, body };
    },
  };
}

function options(kube: MemoryKube, answer: Answer = sound, more: Partial<VerifyOptions> = {}): VerifyOptions {
  return {
    kube,
    image: 'agnhost:1',
    profile: 'quick',
    hosts: NODES.map((name, index) => host(name, index, answer)),
    cluster: {
      dnsDomain: 'cluster.local',
      dnsAddress: '10.96.0.10',
      apiServiceAddress: '10.96.0.1',
      endpoint: { host: '10.0.0.1', port: 6443 },
      ca: '',
    },
    signal: new AbortController().signal,
    timeoutMs: 1_200,
    ...more,
  };
}

function left(kube: MemoryKube): readonly string[] {
  return [...kube.objects.keys()].filter((key) =>
    /^(Namespace|DaemonSet|Pod|PersistentVolume|CustomResourceDefinition) .*kbs-verify/.test(key),
  );
}

describe('the table of checks', () => {
  test('names every check once, with a sentence', () => {
    const names = CHECKS.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(CHECKS.every(({ title }) => title.includes(' '))).toBe(true);
  });
});

describe('a verification', () => {
  test('has a row for each edge and leaves nothing', async () => {
    const kube = cluster();
    const { rows, evidence } = await runVerification(options(kube));
    expect(rows.filter(({ status }) => status !== 'ok')).toEqual([]);
    expect(evidence).toEqual([]);
    expect(rows.map(({ edge }) => edge)).toEqual(
      expect.arrayContaining([
        'w1',
        'API → w2 kubelet',
        'w1 → w1 pod on the same host',
        'w1 → w2 pod',
        'w2 → w1 pod',
        'w2 → w1 pod, packets of 1450 bytes',
        'w1 → service',
        'w2 → cluster DNS short name by the search path',
        'w1 resolv.conf of pods',
      ]),
    );
    expect(verificationError({ rows, evidence })).toBeUndefined();
    expect(left(kube)).toEqual([]);
  });

  test('names the one edge that is broken, with what was seen', async () => {
    const kube = cluster();
    const found = await runVerification(
      options(kube, (from, request) =>
        from === 'w1' && request.path.includes('host=10.244.1.6') ? '{"errors":["connect: connection timed out"]}' : sound(from, request),
      ),
    );
    expect(found.rows.filter(({ status }) => status === 'failed').map(({ edge }) => edge)).toEqual(['w1 → w2 pod']);
    const error = verificationError(found);
    expect(error).toMatchObject({ code: 'PROOF_FAILED', message: expect.stringMatching(/: w1 → w2 pod$/) as string, exit: 7 });
    expect(error?.details[0]).toMatch(/^w1 → w2 pod \(pod to pod\) after .*connect: connection timed out$/);
    expect(error?.details).toContain('node w2: Ready');
  });

  test('a wrong pod that answers is no proof', async () => {
    const { rows } = await runVerification(
      options(cluster(), (from, request) => (request.path.includes('hostname') ? '{"responses":["other"]}' : sound(from, request))),
    );
    expect(rows.filter(({ status }) => status === 'failed').map(({ edge }) => edge)).toContain('w1 → service');
  });

  test('a nameserver that is not the cluster’s is red though names are resolved', async () => {
    const found = await runVerification(
      options(cluster(), (from, request) =>
        from === 'w2' && request.path === '/etc/resolv.conf' ? RESOLV.replace('10.96.0.10', '8.8.8.8') : sound(from, request),
      ),
    );
    const [failed, ...others] = found.rows.filter(({ status }) => status === 'failed');
    expect(failed).toMatchObject({ edge: 'w2 resolv.conf of pods', detail: 'nameserver 8.8.8.8, but the cluster’s is 10.96.0.10' });
    expect(others).toEqual([]);
  });

  test('ends as cancelled after Ctrl-C, and leaves nothing', async () => {
    const kube = cluster();
    const abort = new AbortController();
    const run = runVerification(options(kube, () => void abort.abort(new Error('Ctrl-C')), { signal: abort.signal }));
    await expect(run).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(kube.changes.some((change) => change.startsWith('apply DaemonSet kbs-verify'))).toBe(true);
    expect(left(kube)).toEqual([]);
  });

  test('takes away what a killed run has left: namespaces, kinds, volumes, folders of hosts', async () => {
    const kube = cluster();
    const labels = { 'kbs.dev/verify': 'kbs-verify-old' };
    kube.put(
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'kbs-verify-old', labels } },
      { apiVersion: 'v1', kind: 'PersistentVolume', metadata: { name: 'kbs-verify-old', labels } },
      {
        apiVersion: 'apiextensions.k8s.io/v1',
        kind: 'CustomResourceDefinition',
        metadata: { name: 'crontabs.kbs-verify-old.kbs.dev', labels },
      },
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'somebody-elses' } },
    );
    const hosts = NODES.map((name, index) => host(name, index, sound));
    await runVerification(options(kube, sound, { hosts }));
    expect(left(kube)).toEqual([]);
    expect(kube.objects.has('Namespace somebody-elses')).toBe(true);
    expect(hosts.every(({ ran }) => ran.some((text) => text.includes('/var/tmp/kbs-verify-volumes')))).toBe(true);
  });
});
