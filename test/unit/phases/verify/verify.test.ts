import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { KbsError } from '../../../../src/errors/index.js';
import type { KubeObject } from '../../../../src/kube/index.js';
import {
  CHECKS,
  distantHost,
  runVerification,
  verificationError,
  type HostRequest,
  type VerifyHost,
  type VerifyOptions,
  type VerifyRow,
} from '../../../../src/phases/verify/index.js';
import { resolverFiles } from '../../../../src/phases/verify/checks/names.js';
import { createStage } from '../../../../src/phases/verify/stage.js';
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
    isConnected: true,
    run: async ({ text }) => {
      ran.push(text);
      return '10.244.0.5 dev cni0 src 10.244.0.1 uid 0\n1: lo: <UP> mtu 65536\n7: cni0: <UP> mtu 1450 qdisc noqueue';
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

describe('rules of a new service that come late to a host', () => {
  // Pauses stay as they are: only what the clock says is moved on.
  beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }));
  afterEach(() => void vi.useRealTimers());

  test.each([
    { what: 'longer than kube-proxy pauses after a failed try', timeoutMs: 75_000, lateMs: 32_000 },
    { what: 'as much longer as the whole verification may take longer', timeoutMs: 150_000, lateMs: 70_000 },
  ])('are waited for $what', async ({ timeoutMs, lateMs }) => {
    let hasRules = false;
    let asked = 0;
    const late: Answer = (from, request) => {
      if (!request.path.includes('10.96.0.99') || hasRules) return sound(from, request);
      asked += 1;
      return undefined;
    };
    const verified = runVerification(options(cluster(), late, { timeoutMs }));
    const askedAgain = async (): Promise<void> => {
      const before = asked;
      await vi.waitFor(() => expect(asked).toBeGreaterThan(before + 2 * NODES.length), { timeout: 5_000 });
    };
    await askedAgain();
    vi.advanceTimersByTime(lateMs);
    await askedAgain();
    hasRules = true;
    const { rows } = await verified;
    expect(rows.filter(({ status }) => status !== 'ok')).toEqual([]);
    expect(rows.find(({ edge }) => edge === 'w1 → service')?.ms).toBeGreaterThan(lateMs);
  });
});

describe('a verification of a cluster that stands', () => {
  test('has a row for each edge and leaves nothing', async () => {
    const kube = cluster();
    const { rows, evidence } = await runVerification(options(kube));
    expect(rows.filter(({ status }) => status !== 'ok')).toEqual([]);
    expect(evidence).toEqual([]);
    expect(rows.map(({ edge }) => edge)).toEqual(
      expect.arrayContaining([
        'w1',
        'API → w2 kubelet',
        'w1 → w2 pod',
        'w2 → w1 pod',
        'w2 → w1 pod, packets of 1450 bytes',
        'w1 → service',
        'w2 → cluster DNS short name by the search path',
      ]),
    );
    expect(verificationError({ rows, evidence })).toBeUndefined();
    expect(left(kube)).toEqual([]);
  });

  test('names the one edge that is broken, with what was seen', async () => {
    const kube = cluster();
    const found = await runVerification(
      options(kube, (from, request) =>
        from === 'w1' && request.path.includes('host=10.244.1.5') && request.path.includes('protocol=http')
          ? '{"errors":["connect: connection timed out"]}'
          : sound(from, request),
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

const KUBE_PROXY: KubeObject = {
  apiVersion: 'apps/v1',
  kind: 'DaemonSet',
  metadata: { name: 'kube-proxy', namespace: 'kube-system', generation: 1 },
  status: { observedGeneration: 1, desiredNumberScheduled: 2, currentNumberScheduled: 2 },
};

function systemPod(name: string, nodeName: string, status: object = READY): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `${name}-${nodeName}`, namespace: 'kube-system', ownerReferences: [{ kind: 'DaemonSet', name }] },
    spec: { nodeName, containers: [{ name: 'main' }] },
    status,
  };
}

describe('a verification of a cluster that comes up', () => {
  const comingUp = (kube: MemoryKube, answer: Answer = sound, more: Partial<VerifyOptions> = {}): VerifyOptions =>
    options(kube, answer, { isComingUp: true, ...more });

  function withKubeProxy(status?: object): MemoryKube {
    const kube = cluster();
    kube.put(KUBE_PROXY, systemPod('kube-proxy', 'w1'), systemPod('kube-proxy', 'w2', status));
    return kube;
  }

  test('has the rows of the quick profile, and leaves nothing', async () => {
    const kube = withKubeProxy();
    const { rows } = await runVerification(comingUp(kube));
    expect(rows.filter(({ status }) => status !== 'ok')).toEqual([]);
    expect([...new Set(rows.map(({ check }) => check))]).toEqual(
      CHECKS.filter(({ profile }) => profile === 'quick').map(({ name }) => name),
    );
    expect(left(kube)).toEqual([]);
  });

  test('makes no pod before every node has its network, and says once why there are none', async () => {
    const kube = withKubeProxy({ phase: 'Pending' });
    const found = await runVerification(comingUp(kube, sound, { timeoutMs: 400 }));
    const applied = kube.changes.filter((change) => change.startsWith('apply'));
    expect(applied.map((change) => change.split(' ')[1])).toEqual(['Namespace', 'ServiceAccount', 'Service']);
    expect(left(kube)).toEqual([]);
    const red = found.rows.filter(({ status }) => status === 'failed');
    expect(red.map(({ edge }) => edge)).toEqual(['w2', 'cluster', 'probe pods']);
    expect(red[0]?.detail).toContain('kube-proxy-w2 is not ready: Pending');
    expect(verificationError(found, 'kbs apply')?.remedy.at(-1)).toMatch(/^kbs apply {3}#/);
  });

  test('asks for no name before the pods of the system are ready', async () => {
    const kube = withKubeProxy();
    kube.put(systemPod('coredns', 'w1', { phase: 'Pending' }));
    let isReady = false;
    const early: string[] = [];
    const timer = setTimeout(() => {
      isReady = true;
      kube.put(systemPod('coredns', 'w1'));
    }, 400);
    const { rows } = await runVerification(
      comingUp(kube, (from, request) => {
        if (!isReady && /host=probe/i.test(request.path)) early.push(from);
        return sound(from, request);
      }),
    );
    clearTimeout(timer);
    expect(early).toEqual([]);
    expect(rows.filter(({ status }) => status !== 'ok')).toEqual([]);
  });

  test('tries a name again in other letters: a pod’s resolver lets equal lookups wait for each other', async () => {
    const names: string[] = [];
    const { rows } = await runVerification(
      comingUp(withKubeProxy(), (from, request) => {
        const name = new URLSearchParams(request.path.split('?')[1]).get('host') ?? '';
        if (from !== 'w2' || !/^probe\..*svc\.cluster\.local$/i.test(name)) return sound(from, request);
        names.push(name);
        return names.length < 3 ? '{"errors":["no such host"]}' : sound(from, request);
      }),
    );
    expect(rows.filter(({ status }) => status !== 'ok')).toEqual([]);
    expect(new Set(names).size).toBe(3);
    expect(new Set(names.map((name) => name.toLowerCase())).size).toBe(1);
  });

  test('does not wait for a look that is late: the next one counts', async () => {
    let asked = 0;
    const hosts = NODES.map((name, index) => {
      const usual = host(name, index, sound);
      // The first answer never comes.
      const http: VerifyHost['http'] = (request) =>
        name === 'w1' && request.path.includes('host=10.244.1.5') && request.path.includes('protocol=http') && asked++ === 0
          ? new Promise(() => undefined)
          : usual.http(request);
      return { ...usual, http };
    });
    const { rows } = await runVerification(comingUp(withKubeProxy(), sound, { hosts, timeoutMs: 5_000 }));
    expect(rows.filter(({ status }) => status !== 'ok')).toEqual([]);
    expect(asked).toBe(2);
  });

  test('asks pods through the API where there is no connection to their host', async () => {
    const kube = withKubeProxy();
    const asked: string[] = [];
    kube.answer = (_method, path) => {
      if (path.endsWith('/healthz')) return { status: 200, body: 'ok' };
      asked.push(path);
      return { status: 200, body: sound('w2', { address: '', port: 0, path: path.slice(path.indexOf('/dial')) }) ?? '' };
    };
    const w2 = distantHost({ name: 'w2', address: '10.0.0.2', roles: ['worker'] });
    const { rows } = await runVerification(comingUp(kube, sound, { hosts: [host('w1', 0, sound), w2] }));
    expect(asked.every((path) => path.includes('/pods/probe-w2:8080/proxy/dial?'))).toBe(true);
    expect(rows.filter(({ status }) => status === 'failed')).toEqual([]);
    expect(rows.filter(({ status }) => status === 'skipped').map(({ edge }) => edge)).toEqual(['w2 MTU of pods']);
    expect(rows.map(({ edge }) => edge)).toEqual(expect.arrayContaining(['w2 → w1 pod', 'w1 → w2 pod', 'w2 → service']));
  });

  test.each(['failure', 'cancel'] as const)('takes away what it made: %s', async (end) => {
    const kube = withKubeProxy();
    const abort = new AbortController();
    const answer: Answer = () => (end === 'cancel' ? void abort.abort(new Error('Ctrl-C')) : 'broken');
    await runVerification(comingUp(kube, answer, { signal: abort.signal, timeoutMs: 500 })).catch(() => undefined);
    expect(kube.changes.some((change) => change.startsWith('apply DaemonSet kbs-verify'))).toBe(true);
    expect(left(kube)).toEqual([]);
  });

  test('a stage that cannot be made is an error, not a row', async () => {
    const kube = withKubeProxy();
    const apply = kube.api.apply.bind(kube.api);
    const refused = new KbsError('KUBE_API', 'services are not to be had');
    Object.assign(kube.api, { apply: (object: KubeObject) => (object.kind === 'Service' ? Promise.reject(refused) : apply(object)) });
    await expect(runVerification(comingUp(kube))).rejects.toBe(refused);
    expect(left(kube)).toEqual([]);
  });
});

describe('the resolv.conf of pods', () => {
  test('names the cluster’s name server, or is red', async () => {
    const kube = cluster();
    const at = (resolv: string): Answer => {
      return (from, request) => (from === 'w2' && request.path === '/etc/resolv.conf' ? resolv : sound(from, request));
    };
    const rowsFor = (resolv: string): Promise<readonly VerifyRow[]> => {
      const { signal, ...rest } = options(kube, at(resolv));
      const deadlineMs = performance.now() + 1_200;
      const stage = createStage({
        ...rest,
        profile: 'full',
        api: kube.api,
        signal,
        deadlineMs,
        slack: 1,
        makeRoom: () => Promise.resolve(),
      });
      return resolverFiles.run(stage);
    };
    expect((await rowsFor(RESOLV)).map(({ status }) => status)).toEqual(['ok', 'ok']);
    expect((await rowsFor(RESOLV.replace('10.96.0.10', '8.8.8.8')))[1]).toMatchObject({
      edge: 'w2 resolv.conf of pods',
      status: 'failed',
      detail: 'nameserver 8.8.8.8, but the cluster’s is 10.96.0.10',
    });
  });
});
