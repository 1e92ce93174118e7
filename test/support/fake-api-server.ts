import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { TLSSocket } from 'node:tls';
import type { KubeCredentials } from '../../src/kube/index.js';
import { createSharedPki, issueClientCertificate, issueLeaf, LEAF_CERTS, type KeyPair, type SharedPki } from '../../src/pki/index.js';

/** A request as the fake server saw it. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly contentType: string | undefined;
  readonly body: string;
}

/** What to answer: a status with a body, no answer but a broken connection, or none at all. */
export type FakeAnswer = { readonly status: number; readonly body?: unknown } | 'break' | 'hang';

/** A stand-in for an API server: speaks TLS and HTTP/1.1, says it is ready, lists kinds, and answers the rest as it is told. */
export interface FakeApiServer {
  readonly port: number;
  readonly seen: SeenRequest[];
  /** TLS connections that were made. */
  readonly connections: () => number;
  /** Decides on everything but /readyz and the lists of kinds; the index counts requests to the same method and path from 0. */
  answer: (request: SeenRequest, index: number) => FakeAnswer;
  /** Status of /readyz. */
  ready: number;
  breakConnections(): void;
  stop(): Promise<void>;
}

const NODE = { nodeName: 'cp1', advertiseAddress: '127.0.0.1', serviceSubnetFirst: '10.96.0.1', dnsDomain: 'cluster.local', certSANs: [] };

/** Keys of one cluster and an administrator of it. */
export async function clusterKeys(): Promise<{ readonly pki: SharedPki; readonly credentials: KubeCredentials }> {
  const now = new Date();
  const pki = await createSharedPki(now);
  const pair = await issueClientCertificate({ commonName: 'kubernetes-admin', organization: 'system:masters', ca: pki.ca, now });
  return { pki, credentials: { ca: pki.ca.certificate, certificate: pair.certificate, privateKey: pair.privateKey } };
}

const serverPairs = new WeakMap<SharedPki, Promise<KeyPair>>();

/** Keys take time to make: servers of one cluster share theirs. */
function serverPair(pki: SharedPki): Promise<KeyPair> {
  const leaf = LEAF_CERTS.find(({ name }) => name === 'apiserver');
  if (leaf === undefined) throw new Error('no certificate for API servers');
  const pair = serverPairs.get(pki) ?? issueLeaf(leaf, pki, NODE, new Date());
  serverPairs.set(pki, pair);
  return pair;
}

/** Lists of kinds, as discovery gets them. */
const KINDS: Readonly<Record<string, readonly object[]>> = {
  '/api/v1': [
    { name: 'configmaps', kind: 'ConfigMap', namespaced: true },
    { name: 'nodes', kind: 'Node', namespaced: false },
    { name: 'services', kind: 'Service', namespaced: true },
  ],
  '/apis/rbac.authorization.k8s.io/v1': [{ name: 'clusterroles', kind: 'ClusterRole', namespaced: false }],
};

/** Starts a fake API server on loopback with a certificate of the cluster. */
export async function startFakeApiServer(pki: SharedPki): Promise<FakeApiServer> {
  const pair = await serverPair(pki);
  const server = createServer({
    cert: pair.certificate,
    key: pair.privateKey.reveal(),
    ca: pki.ca.certificate,
    requestCert: true,
    rejectUnauthorized: true,
  });
  // As kube-apiserver; Node's own five seconds are over quickly where a busy machine runs the tests.
  server.keepAliveTimeout = 90_000;
  const sockets = new Set<TLSSocket>();
  const counts = new Map<string, number>();
  let connections = 0;
  const fake: FakeApiServer = {
    port: 0,
    seen: [],
    connections: () => connections,
    answer: () => ({ status: 200, body: {} }),
    ready: 200,
    breakConnections: () => sockets.forEach((socket) => socket.destroy()),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        fake.breakConnections();
      }),
  };
  server.on('secureConnection', (socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  });
  server.on('tlsClientError', () => undefined);
  server.on('request', (incoming, response) => {
    void (async () => {
      const request: SeenRequest = {
        method: incoming.method ?? '',
        path: incoming.url ?? '',
        contentType: incoming.headers['content-type'],
        body: await text(incoming),
      };
      const respond = (status: number, body: unknown): void => {
        response.writeHead(status, { 'content-type': 'application/json' });
        response.end(typeof body === 'string' ? body : JSON.stringify(body));
      };
      const resources = KINDS[request.path];
      if (resources !== undefined) return respond(200, { kind: 'APIResourceList', groupVersion: request.path, resources });
      if (request.path === '/readyz') return respond(fake.ready, fake.ready === 200 ? 'ok' : '[-]etcd failed: reason withheld\n');
      const key = `${request.method} ${request.path}`;
      const index = counts.get(key) ?? 0;
      counts.set(key, index + 1);
      fake.seen.push(request);
      const answer = fake.answer(request, index);
      if (answer === 'break') incoming.socket.destroy();
      else if (answer !== 'hang') respond(answer.status, answer.body ?? {});
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(fake, { port: (server.address() as AddressInfo).port });
}
