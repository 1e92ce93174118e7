import { createServer } from 'node:net';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { apiReason, createKubeAccess, type KubeAccess, type KubeCredentials } from '../../../src/kube/index.js';
import type { SharedPki } from '../../../src/pki/index.js';
import { dialingHost, type DialingHost } from '../../support/dialing-host.js';
import { clusterKeys, startFakeApiServer, type FakeApiServer } from '../../support/fake-api-server.js';

const CONFIG_MAP = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', namespace: 'default' }, data: { key: 'value' } };
const REF = { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'default', name: 'a' };
const PATH = '/api/v1/namespaces/default/configmaps/a';
const APPLY_PATH = `${PATH}?fieldManager=kbs&force=true`;
const signal = new AbortController().signal;

let pki: SharedPki;
let credentials: KubeCredentials;
const opened: { stop?(): Promise<void>; close?(): Promise<void> }[] = [];

beforeAll(async () => {
  ({ pki, credentials } = await clusterKeys());
});
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await (one.close?.() ?? one.stop?.());
});

async function fakeServer(ofCluster = pki): Promise<FakeApiServer> {
  const server = await startFakeApiServer(ofCluster);
  opened.push(server);
  return server;
}

function access(hosts: readonly DialingHost[], patienceMs = 3_000): KubeAccess {
  const kube = createKubeAccess({ controlPlanes: hosts, port: 6443, credentials: async () => credentials, patienceMs });
  opened.push(kube);
  return kube;
}

function hostOf(server: FakeApiServer, name = 'cp1'): DialingHost {
  return dialingHost({ name, port: server.port });
}

/** A port on which nothing listens. */
async function deadPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

function status(code: number, reason: string, details: object = {}) {
  return { status: code, body: { kind: 'Status', reason, message: `because ${reason}`, details } };
}

describe('connecting', () => {
  test('requests share eight connections, however many are under way', async () => {
    const server = await fakeServer();
    server.answer = ({ path }) => ({ status: 200, body: { ...CONFIG_MAP, path } });
    const host = hostOf(server);
    const api = await access([host]).connect(signal);
    const many = await Promise.all(Array.from({ length: 40 }, (_, index) => api.read({ ...REF, name: `n${index}` })));
    expect(many.map((object) => object?.['path'])).toEqual(Array.from({ length: 40 }, (_, index) => `${PATH.slice(0, -1)}n${index}`));
    expect([host.dialed(), server.connections()]).toEqual([8, 8]);
  });

  test('a control plane that does not answer is passed over', async () => {
    const server = await fakeServer();
    const dead = dialingHost({ name: 'cp1', port: await deadPort() });
    const api = await access([dead, hostOf(server, 'cp2')]).connect(signal);
    expect(await api.request('GET', '/version')).toMatchObject({ status: 200 });
  });

  test('a control plane that is not ready yet does not count as answering', async () => {
    const server = await fakeServer();
    server.ready = 500;
    const kube = access([hostOf(server)]);
    expect(await kube.tryConnect(signal)).toBeUndefined();
    await expect(kube.connect(signal)).rejects.toMatchObject({
      code: 'KUBE_UNREACHABLE',
      details: ['cp1: /readyz says 500: [-]etcd failed: reason withheld'],
    });
    server.ready = 200;
    expect(await kube.tryConnect(signal)).toBeDefined();
  });

  test('when none answers, plans go on without and everybody else is told what each said', async () => {
    const hosts = [dialingHost({ name: 'cp1', port: await deadPort() }), dialingHost({ name: 'cp2', port: await deadPort() })];
    const kube = access(hosts);
    expect(await kube.tryConnect(signal)).toBeUndefined();
    const error: unknown = await kube.connect(signal).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'KUBE_UNREACHABLE', retryable: true });
    expect((error as { details: string[] }).details).toEqual([
      expect.stringMatching(/^cp1: .*ECONNREFUSED/),
      expect.stringMatching(/^cp2: .*ECONNREFUSED/),
    ]);
  });

  test('a server of another cluster is never taken for "not there yet"', async () => {
    const stranger = await fakeServer((await clusterKeys()).pki);
    const kube = access([hostOf(stranger)]);
    await expect(kube.tryConnect(signal)).rejects.toMatchObject({ code: 'KUBE_UNREACHABLE' });
    expect(stranger.seen).toEqual([]);
  });

  test('a broken connection is made again, over another control plane if need be', async () => {
    const [first, second] = [await fakeServer(), await fakeServer()];
    const api = await access([hostOf(first, 'cp1'), hostOf(second, 'cp2')]).connect(signal);
    await api.read(REF);
    const used = first.seen.length > 0 ? first : second;
    const other = used === first ? second : first;
    await used.stop();
    expect(await api.read(REF)).toBeDefined();
    expect(other.seen).toHaveLength(1);
  });
});

describe('trying again', () => {
  test('a busy server is asked again, for changes too, since it took no notice of the first', async () => {
    const server = await fakeServer();
    server.answer = (_request, index) => (index < 2 ? status(429, 'TooManyRequests') : { status: 200, body: CONFIG_MAP });
    const api = await access([hostOf(server)]).connect(signal);
    await api.patch(REF, 'json', [{ op: 'add', path: '/data/b', value: 'c' }]);
    expect(server.seen).toHaveLength(3);
  });

  test('a failing server is asked again for what may be repeated', async () => {
    const server = await fakeServer();
    server.answer = ({ method }, index) => {
      if (method === 'GET') return status(404, 'NotFound');
      return index === 0 ? status(503, 'ServiceUnavailable') : { status: 201, body: CONFIG_MAP };
    };
    const api = await access([hostOf(server)]).connect(signal);
    expect(await api.apply(CONFIG_MAP)).toBe('created');
    expect(server.seen.map(({ method, path }) => `${method} ${path}`)).toEqual([
      `GET ${PATH}`,
      `PATCH ${APPLY_PATH}`,
      `PATCH ${APPLY_PATH}`,
    ]);
  });

  test('a change that must not happen twice is not sent again when the connection broke under it', async () => {
    const server = await fakeServer();
    server.answer = () => 'break';
    const api = await access([hostOf(server)]).connect(signal);
    await expect(api.patch(REF, 'json', [{ op: 'add', path: '/data/list/-', value: 'c' }])).rejects.toMatchObject({ code: 'KUBE_API' });
    expect(server.seen).toHaveLength(1);
  });

  test('an apply whose connection broke is sent again', async () => {
    const server = await fakeServer();
    server.answer = ({ method }, index) => {
      if (method === 'GET') return status(404, 'NotFound');
      return index === 0 ? 'break' : { status: 201, body: CONFIG_MAP };
    };
    const api = await access([hostOf(server)]).connect(signal);
    expect(await api.apply(CONFIG_MAP)).toBe('created');
    expect(server.connections()).toBe(2);
  });

  test('an apply into a namespace that is about to come is sent again; another missing thing is an error at once', async () => {
    const server = await fakeServer();
    server.answer = ({ method }, index) => {
      if (method === 'GET') return status(404, 'NotFound');
      return index === 0 ? status(404, 'NotFound', { kind: 'namespaces' }) : { status: 201, body: CONFIG_MAP };
    };
    const api = await access([hostOf(server)]).connect(signal);
    expect(await api.apply(CONFIG_MAP)).toBe('created');
    server.answer = () => status(404, 'NotFound', { kind: 'configmaps' });
    await expect(api.apply(CONFIG_MAP)).rejects.toMatchObject({ code: 'KUBE_API' });
  });

  test('patience ends: a server that stays busy is an error with its own words', async () => {
    const server = await fakeServer();
    server.answer = () => status(503, 'ServiceUnavailable');
    const api = await access([hostOf(server)], 500).connect(signal);
    const error: unknown = await api.read(REF).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'KUBE_API' });
    expect(apiReason(error)).toBe('ServiceUnavailable');
  });

  test('a raw request gives back any status as it is, at once', async () => {
    const server = await fakeServer();
    server.answer = () => status(503, 'ServiceUnavailable');
    const api = await access([hostOf(server)]).connect(signal);
    expect(await api.request('GET', '/api/v1/namespaces/x/pods/y:8080/proxy/')).toMatchObject({ status: 503 });
    expect(server.seen).toHaveLength(1);
  });
});

describe('giving up', () => {
  test('an answer that does not come in time counts as none', async () => {
    const server = await fakeServer();
    server.answer = (_request, index) => (index === 0 ? 'hang' : { status: 200, body: 'late' });
    const api = await access([hostOf(server)]).connect(signal);
    expect(await api.request('GET', '/slow', { timeoutMs: 150 })).toEqual({ status: 200, body: 'late' });
  });

  test('a fired signal ends requests under way and pauses between tries', async () => {
    const server = await fakeServer();
    server.answer = ({ path }) => (path === '/hang' ? 'hang' : status(503, 'ServiceUnavailable'));
    const abort = new AbortController();
    const api = await access([hostOf(server)], 60_000).connect(abort.signal);
    const both = [api.request('GET', '/hang'), api.read(REF)];
    const settled = Promise.allSettled(both);
    setTimeout(() => abort.abort(), 200);
    const startedMs = performance.now();
    expect(await settled).toMatchObject([{ reason: { code: 'CANCELLED' } }, { reason: { code: 'CANCELLED' } }]);
    expect(performance.now() - startedMs).toBeLessThan(1_000);
  });
});

describe('objects', () => {
  const live = (data: Record<string, string>, more: object = {}) => ({
    ...CONFIG_MAP,
    metadata: { ...CONFIG_MAP.metadata, uid: 'u', resourceVersion: '5', creationTimestamp: 'then', ...more },
    data,
  });

  test('apply sends the object as it is, forced, as field manager kbs', async () => {
    const server = await fakeServer();
    server.answer = ({ method }) => ({ status: 200, body: live({ key: method === 'GET' ? 'old' : 'value' }) });
    const api = await access([hostOf(server)]).connect(signal);
    server.answer = ({ method }) => ({
      status: 200,
      body: live({ key: 'value' }, { resourceVersion: method === 'GET' ? '5' : '6', labels: method === 'GET' ? {} : { a: 'b' } }),
    });
    expect(await api.apply(CONFIG_MAP)).toBe('changed');
    const sent = server.seen.find(({ method }) => method === 'PATCH');
    expect(sent).toMatchObject({ path: APPLY_PATH, contentType: 'application/apply-patch+yaml' });
    expect(JSON.parse(sent?.body ?? '')).toEqual(CONFIG_MAP);
  });

  test('a new Service is created before it is applied: an apply that is cut off would keep its address', async () => {
    const service = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'a', namespace: 'default' }, spec: { clusterIP: '10.96.0.10' } };
    const server = await fakeServer();
    const written: unknown[] = [];
    let isThere = false;
    server.answer = ({ method, path, body }) => {
      if (method === 'GET') return isThere ? { status: 200, body: service } : status(404, 'NotFound', { kind: 'services', name: 'a' });
      written.push([method, path, JSON.parse(body)]);
      // Somebody else was faster, which is as good.
      if (method === 'POST' && isThere) return status(409, 'AlreadyExists');
      isThere = true;
      return { status: 200, body: service };
    };
    const api = await access([hostOf(server)]).connect(signal);
    const services = '/api/v1/namespaces/default/services';
    const created = ['POST', `${services}?fieldManager=kbs`, service];
    const applied = ['PATCH', `${services}/a?fieldManager=kbs&force=true`, service];
    expect(await api.apply(service)).toBe('created');
    expect(written.splice(0)).toEqual([created, applied]);
    expect(await api.apply(service)).toBe('unchanged');
    expect(written).toEqual([applied]);
  });

  test('diff asks for a dry run and compares without what only the server writes', async () => {
    const server = await fakeServer();
    server.answer = ({ method }) => ({
      status: 200,
      body: live({ key: 'value' }, { resourceVersion: method === 'GET' ? '5' : '7', managedFields: [{ manager: method }] }),
    });
    const api = await access([hostOf(server)]).connect(signal);
    expect(await api.diff(CONFIG_MAP)).toEqual({ change: 'none' });
    expect(server.seen.at(-1)?.path).toBe(`${PATH}?dryRun=All&fieldManager=kbs&force=true`);
  });

  test('a kept field is left out only when somebody else has set it', async () => {
    const server = await fakeServer();
    const ownedBy = (manager: string) => ({ managedFields: [{ manager, fieldsV1: { 'f:data': { 'f:key': {} } } }] });
    const api = await access([hostOf(server)]).connect(signal);
    const sentData = async (manager: string): Promise<unknown> => {
      server.answer = () => ({ status: 200, body: live({ key: 'theirs' }, ownedBy(manager)) });
      await api.apply(CONFIG_MAP, { keep: [['data', 'key']] });
      return (JSON.parse(server.seen.at(-1)?.body ?? '') as { data: unknown }).data;
    };
    expect(await sentData('kubectl-edit')).toEqual({});
    expect(await sentData('kbs')).toEqual({ key: 'value' });
  });

  test('lists carry kind and version in every object', async () => {
    const server = await fakeServer();
    server.answer = () => ({ status: 200, body: { items: [{ metadata: { name: 'w1' } }] } });
    const api = await access([hostOf(server)]).connect(signal);
    expect(await api.list({ apiVersion: 'v1', kind: 'Node' }, { labelSelector: 'a=b,c' })).toEqual([
      { apiVersion: 'v1', kind: 'Node', metadata: { name: 'w1' } },
    ]);
    expect(server.seen[0]?.path).toBe('/api/v1/nodes?labelSelector=a%3Db%2Cc');
  });

  test('with fields and times of any API version come and go as they are', async () => {
    const server = await fakeServer();
    const object = { ...live({ key: 'value' }, { creationTimestamp: '2026-11-21T00:00:00.123456Z' }), fieldOfNoModel: [{ from: 1 }] };
    server.answer = () => ({ status: 200, body: object });
    const api = await access([hostOf(server)]).connect(signal);
    expect(await api.read(REF)).toEqual(object);
    await api.apply({ ...CONFIG_MAP, fieldOfNoModel: [{ from: 1 }] });
    expect(JSON.parse(server.seen.at(-1)?.body ?? '')).toEqual({ ...CONFIG_MAP, fieldOfNoModel: [{ from: 1 }] });
    await api.patch(REF, 'json', [{ op: 'add', path: '/data/b', value: 'c' }]);
    expect(server.seen.at(-1)).toMatchObject({
      contentType: 'application/json-patch+json',
      body: '[{"op":"add","path":"/data/b","value":"c"}]',
    });
  });

  test('are addressed by names with capitals and colons as they are', async () => {
    const server = await fakeServer();
    const api = await access([hostOf(server)]).connect(signal);
    await api.read({ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', name: 'kbs:Reader' });
    expect(server.seen.map(({ path }) => path)).toEqual(['/apis/rbac.authorization.k8s.io/v1/clusterroles/kbs%3AReader']);
  });

  test('of a kind that lives in namespaces are never looked for in a namespace nobody has named', async () => {
    const server = await fakeServer();
    const api = await access([hostOf(server)]).connect(signal);
    await expect(api.read({ apiVersion: 'v1', kind: 'ConfigMap', name: 'a' })).rejects.toMatchObject({ code: 'INTERNAL' });
    expect(server.seen).toEqual([]);
  });

  test('of a kind are deleted together, with their selector', async () => {
    const server = await fakeServer();
    const api = await access([hostOf(server)]).connect(signal);
    await api.deleteAll({ apiVersion: 'v1', kind: 'ConfigMap' }, { namespace: 'x', labelSelector: 'a=b', gracePeriodSeconds: 0 });
    expect(server.seen.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'DELETE /api/v1/namespaces/x/configmaps?labelSelector=a%3Db',
    ]);
    expect(JSON.parse(server.seen[0]?.body ?? '')).toMatchObject({ gracePeriodSeconds: 0, propagationPolicy: 'Background' });
  });

  test('deleting what is gone, or is going, is no error', async () => {
    const server = await fakeServer();
    const api = await access([hostOf(server)]).connect(signal);
    for (const code of [404, 409]) {
      server.answer = () => status(code, 'NotFound');
      expect(await api.delete(REF, { gracePeriodSeconds: 0 })).toBe(false);
    }
    expect(JSON.parse(server.seen[0]?.body ?? '')).toMatchObject({ gracePeriodSeconds: 0, propagationPolicy: 'Background' });
  });
});
