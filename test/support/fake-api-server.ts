import { createSecureServer, type Http2SecureServer, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
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

/** A stand-in for an API server: speaks TLS and HTTP/2, says it is ready, and answers the rest as it is told. */
export interface FakeApiServer {
  readonly port: number;
  readonly seen: SeenRequest[];
  /** TLS connections that were made. */
  readonly connections: () => number;
  /** Decides on everything but /readyz; the index counts requests to the same method and path from 0. */
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

async function readBody(stream: ServerHttp2Stream): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

/** Starts a fake API server on loopback with a certificate of the cluster. */
export async function startFakeApiServer(pki: SharedPki): Promise<FakeApiServer> {
  const pair = await serverPair(pki);
  const server: Http2SecureServer = createSecureServer({
    cert: pair.certificate,
    key: pair.privateKey.reveal(),
    ca: pki.ca.certificate,
    requestCert: true,
    rejectUnauthorized: true,
  });
  const sessions = new Set<ServerHttp2Session>();
  const counts = new Map<string, number>();
  let connections = 0;
  const fake: FakeApiServer = {
    port: 0,
    seen: [],
    connections: () => connections,
    answer: () => ({ status: 200, body: {} }),
    ready: 200,
    breakConnections: () => sessions.forEach((session) => session.destroy()),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        fake.breakConnections();
      }),
  };
  server.on('session', (session) => {
    connections += 1;
    sessions.add(session);
    session.on('error', () => undefined);
    session.on('close', () => sessions.delete(session));
  });
  server.on('sessionError', () => undefined);
  server.on('stream', (stream, headers) => {
    stream.on('error', () => undefined);
    void (async () => {
      const request: SeenRequest = {
        method: headers[':method'] ?? '',
        path: headers[':path'] ?? '',
        contentType: headers['content-type'],
        body: await readBody(stream),
      };
      const respond = (status: number, body: unknown): void => {
        stream.respond({ ':status': status, 'content-type': 'application/json' });
        stream.end(typeof body === 'string' ? body : JSON.stringify(body));
      };
      if (request.path === '/readyz') return respond(fake.ready, fake.ready === 200 ? 'ok' : '[-]etcd failed: reason withheld\n');
      const key = `${request.method} ${request.path}`;
      const index = counts.get(key) ?? 0;
      counts.set(key, index + 1);
      fake.seen.push(request);
      const answer = fake.answer(request, index);
      if (answer === 'break') stream.session?.destroy();
      else if (answer !== 'hang') respond(answer.status, answer.body ?? {});
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(fake, { port: (server.address() as AddressInfo).port });
}
