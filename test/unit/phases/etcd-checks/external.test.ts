import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { checkExternalEtcd } from '../../../../src/phases/etcd-checks/external.js';
import type { PkiSource } from '../../../../src/phases/index.js';
import { createSharedPki, issueClientCertificate, issueLeaf, LEAF_CERTS, type KeyPair, type SharedPki } from '../../../../src/pki/index.js';
import { aClusterSpec } from '../../../support/cluster-spec.js';
import { dialingHost } from '../../../support/dialing-host.js';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const NOW = new Date();

let pki: SharedPki & { readonly etcdCa: KeyPair };
let stranger: KeyPair;
let client: KeyPair;
let serving: KeyPair;
const servers: Server[] = [];

beforeAll(async () => {
  pki = await createSharedPki(NOW);
  const spec = LEAF_CERTS.find(({ name }) => name === 'etcd-server');
  if (spec === undefined) throw new Error('no etcd-server in the table');
  const node = { nodeName: 'e1', advertiseAddress: '127.0.0.1', serviceSubnetFirst: '10.96.0.1', dnsDomain: 'cluster.local', certSANs: [] };
  [serving, client, stranger] = await Promise.all([
    issueLeaf(spec, pki, node, NOW),
    issueClientCertificate({ commonName: 'api', ca: pki.etcdCa, now: NOW }),
    issueClientCertificate({ commonName: 'api', ca: pki.ca, now: NOW }),
  ]);
});

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

interface Etcd {
  readonly version?: string;
  readonly health?: string;
  readonly keys?: number;
  readonly cluster?: string;
  /** false: as with --enable-grpc-gateway=false. */
  readonly hasGateway?: boolean;
}

/** What etcd v3.5 answers over its client port; a stand-in that checks certificates as etcd does. */
async function etcd({ version = '3.5.4', health = 'true', keys = 0, cluster = '1', hasGateway = true }: Etcd = {}): Promise<string> {
  const server = createServer(
    {
      ca: pki.etcdCa.certificate,
      cert: serving.certificate,
      key: serving.privateKey.reveal(),
      requestCert: true,
      rejectUnauthorized: true,
    },
    (request, response) => {
      const answers: Readonly<Record<string, object | undefined>> = {
        '/version': { etcdserver: version, etcdcluster: '3.5.0' },
        '/health': { health, reason: health === 'true' ? '' : 'RAFT NO LEADER' },
        '/v3/kv/range': hasGateway ? { header: { cluster_id: cluster }, ...(keys > 0 ? { count: String(keys) } : {}) } : undefined,
      };
      const answer = answers[request.url ?? ''];
      response.statusCode = answer === undefined ? 404 : health !== 'true' && request.url === '/health' ? 503 : 200;
      response.end(answer === undefined ? '404 page not found' : JSON.stringify(answer));
    },
  );
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function check(
  endpoints: readonly string[],
  { pair = client, ca = pki.etcdCa.certificate, isNew = true, prefix = '/registry' } = {},
) {
  const files = { caFile: '/ca.crt', certFile: '/c.crt', keyFile: '/c.key' };
  const spec = aClusterSpec({
    spec: { etcd: { external: { endpoints: [...endpoints], ...files } }, apiServer: { extraArgs: { 'etcd-prefix': prefix } } },
  });
  const source: PkiSource = {
    shared: async () => pki,
    isNew: async () => isNew,
    externalEtcd: async () => ({ caCertificate: ca, pair }),
  };
  const found = await checkExternalEtcd(dialingHost({ name: 'cp1' }), { spec, pki: source });
  return found.map(({ name, level, text }) => `${name} ${level} ${text}`);
}

describe('an external etcd, seen from a control plane', () => {
  test('is fine when every endpoint is healthy, new enough and lets us in', async () => {
    expect(await check([await etcd(), await etcd()])).toEqual([]);
  });

  test('does not take a client certificate of another CA', async () => {
    expect(await check([await etcd()], { pair: stranger })).toEqual([
      expect.stringMatching(/^ExternalEtcd error .*does not accept certFile/),
    ]);
  });

  test('is not trusted with a certificate of another CA', async () => {
    expect(await check([await etcd()], { ca: pki.ca.certificate })).toEqual([expect.stringMatching(/certificate is not signed by caFile/)]);
  });

  test('is told for each endpoint that does not answer, and for those alone', async () => {
    expect(await check([await etcd(), 'https://127.0.0.1:1'])).toEqual([
      expect.stringMatching(/error https:\/\/127\.0\.0\.1:1: it does not answer/),
    ]);
  });

  test.each([
    [{ version: '3.3.27' }, /it is etcd 3\.3\.27: 3\.4 or newer is needed/],
    [{ health: 'false' }, /it is not healthy: RAFT NO LEADER/],
  ])('with %j is refused', async (how, message) => {
    const found = await check([await etcd(how)]);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(message);
  });

  test('must be one cluster', async () => {
    expect(await check([await etcd(), await etcd({ cluster: '2' })])).toEqual([
      expect.stringContaining('belong to different etcd clusters'),
    ]);
  });

  test('must not hold another cluster’s data where a new one is to be made', async () => {
    const endpoint = await etcd({ keys: 300 });
    expect(await check([endpoint])).toEqual([expect.stringContaining('holds the data of another cluster below /registry')]);
    expect(await check([endpoint], { isNew: false })).toEqual([]);
  });

  test('is used without its JSON gateway too', async () => {
    expect(await check([await etcd({ hasGateway: false, keys: 300 })])).toEqual([]);
  });
});
