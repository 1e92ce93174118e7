import { createHmac } from 'node:crypto';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { renderClusterInfo } from '../../src/kubeconfig/index.js';
import { createSharedPki, issueLeaf, LEAF_CERTS, type KeyPair } from '../../src/pki/index.js';

/** What a request to the server got: a status with a body that is sent as JSON unless it is text, or a broken connection. */
export type DiscoveryAnswer = { readonly status: number; readonly body?: unknown } | 'break';

/** A stand-in for an API server as one that joins meets it: HTTPS, and no client certificate. */
export interface DiscoveryServer {
  readonly port: number;
  /** `https://127.0.0.1:PORT` */
  readonly url: string;
  /** Method, path and bearer token of each request. */
  readonly seen: string[];
  answer: (path: string, index: number) => DiscoveryAnswer;
  stop(): Promise<void>;
}

/** A CA and a server certificate of it for 127.0.0.1. */
export interface ServerKeys {
  readonly ca: KeyPair;
  readonly server: KeyPair;
}

/** Keys of a cluster whose API server is on this address. */
export async function serverKeys(advertiseAddress = '127.0.0.1'): Promise<ServerKeys> {
  const now = new Date();
  const pki = await createSharedPki(now);
  const leaf = LEAF_CERTS.find(({ name }) => name === 'apiserver');
  if (leaf === undefined) throw new Error('no certificate for API servers');
  const node = { nodeName: 'cp1', advertiseAddress, serviceSubnetFirst: '10.96.0.1', dnsDomain: 'cluster.local', certSANs: [] };
  return { ca: pki.ca, server: await issueLeaf(leaf, pki, node, now) };
}

/** A detached JWS as the controller manager makes it, written from RFC 7515 without a library. */
export function detachedJws(text: string, key: string, header: Readonly<Record<string, string>>): string {
  const encoded = Buffer.from(JSON.stringify(header)).toString('base64url');
  const signature = createHmac('sha256', key)
    .update(`${encoded}.${Buffer.from(text).toString('base64url')}`)
    .digest('base64url');
  return `${encoded}..${signature}`;
}

/** ConfigMap cluster-info with the signature of a token. */
export function clusterInfo(kubeconfig: string, token: string): object {
  const [id = '', secret = ''] = token.split('.');
  const signed = { [`jws-kubeconfig-${id}`]: detachedJws(kubeconfig, secret, { alg: 'HS256', kid: id }) };
  return { kind: 'ConfigMap', data: { kubeconfig, ...signed } };
}

/** Text of the kubeconfig in cluster-info. */
export function clusterInfoText(server: string, caCertificate: string): string {
  return renderClusterInfo({ server, caCertificate });
}

/** Starts a server on loopback that answers 404 until it is told what to answer. */
export async function startDiscoveryServer({ server: keys }: ServerKeys): Promise<DiscoveryServer> {
  const counts = new Map<string, number>();
  const server = createServer({ cert: keys.certificate, key: keys.privateKey.reveal() }, (request, response) => {
    const path = request.url ?? '';
    const index = counts.get(path) ?? 0;
    counts.set(path, index + 1);
    fake.seen.push(`${request.method} ${path} ${request.headers.authorization ?? 'anonymous'}`);
    const answer = fake.answer(path, index);
    if (answer === 'break') {
      request.socket.destroy();
      return;
    }
    response.writeHead(answer.status).end(typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body ?? {}));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const fake: DiscoveryServer = {
    port,
    url: `https://127.0.0.1:${port}`,
    seen: [],
    answer: () => ({ status: 404 }),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return fake;
}
