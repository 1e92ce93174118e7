import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  discoverCluster,
  hasReadyNode,
  parseCaHashes,
  readJoinConfig,
  readUploadedCertificates,
  type DiscoveryInput,
} from '../../../src/discovery/index.js';
import { caCertHash, parseBootstrapToken } from '../../../src/pki/index.js';
import {
  clusterInfo,
  clusterInfoText,
  detachedJws,
  serverKeys,
  startDiscoveryServer,
  type DiscoveryServer,
  type ServerKeys,
} from '../../support/discovery-server.js';

vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 });

const TOKEN = 'abcdef.0123456789abcdef';
const CLUSTER_INFO = '/api/v1/namespaces/kube-public/configmaps/cluster-info';
const KUBEADM_CONFIG = '/api/v1/namespaces/kube-system/configmaps/kubeadm-config';
const CERTIFICATES = '/api/v1/namespaces/kube-system/secrets/kubeadm-certs';
const KUBELET_CONFIG = '/api/v1/namespaces/kube-system/configmaps/kubelet-config';

let keys: ServerKeys;
let other: ServerKeys;
let server: DiscoveryServer;
let text: string;

beforeAll(async () => {
  [keys, other] = await Promise.all([serverKeys(), serverKeys('10.1.2.3')]);
});

beforeEach(async () => {
  server = await startDiscoveryServer(keys);
  text = clusterInfoText(server.url, keys.ca.certificate);
  server.answer = () => ({ status: 200, body: clusterInfo(text, TOKEN) });
});

afterEach(() => server.stop());

function input(changes: Partial<DiscoveryInput> = {}): DiscoveryInput {
  return {
    endpoint: { host: '127.0.0.1', port: server.port },
    token: parseBootstrapToken(TOKEN),
    caHashes: [caCertHash(keys.ca.certificate)],
    signal: new AbortController().signal,
    patienceMs: 100,
    signaturePatienceMs: 100,
    ...changes,
  };
}

describe('a cluster that proves who it is', () => {
  test('is found with server and CA of its own cluster-info, and the address this machine reaches it from', async () => {
    expect(await discoverCluster(input())).toEqual({ server: server.url, caCertificate: keys.ca.certificate, localAddress: '127.0.0.1' });
  });

  test('is asked twice as anybody: the second time it has to show a certificate of its CA', async () => {
    await discoverCluster(input());
    expect(server.seen).toEqual([`GET ${CLUSTER_INFO} anonymous`, `GET ${CLUSTER_INFO} anonymous`]);
  });

  test('is found without any hash when that was asked for', async () => {
    expect(await discoverCluster(input({ caHashes: 'any' }))).toMatchObject({ server: server.url });
  });

  test('may have one of several hashes, and a bundle of CAs', async () => {
    const bundle = `${other.ca.certificate}${keys.ca.certificate}`;
    text = clusterInfoText(server.url, bundle);
    const hashes = [`sha256:${'0'.repeat(64)}`, caCertHash(keys.ca.certificate)];
    expect(await discoverCluster(input({ caHashes: hashes }))).toMatchObject({ caCertificate: bundle });
  });

  test('is waited for while it starts', async () => {
    server.answer = (_path, index) => (index === 0 ? { status: 503 } : { status: 200, body: clusterInfo(text, TOKEN) });
    expect(await discoverCluster(input({ patienceMs: 5_000 }))).toMatchObject({ server: server.url });
  });

  test('is given time to sign with a token that was made just now', async () => {
    server.answer = (_path, index) => ({ status: 200, body: index === 0 ? { data: { kubeconfig: text } } : clusterInfo(text, TOKEN) });
    expect(await discoverCluster(input({ signaturePatienceMs: 5_000 }))).toMatchObject({ server: server.url });
  });
});

describe('a token', () => {
  test('that the cluster does not know is refused', async () => {
    server.answer = () => ({ status: 200, body: clusterInfo(text, 'zzzzzz.0123456789abcdef') });
    await expect(discoverCluster(input())).rejects.toMatchObject({
      code: 'TOKEN_REFUSED',
      message: expect.stringContaining('abcdef') as string,
    });
  });

  test('with another secret half is refused, and the error does not show it', async () => {
    const wrong = discoverCluster(input({ token: parseBootstrapToken('abcdef.fedcba9876543210') }));
    await expect(wrong).rejects.toMatchObject({ code: 'TOKEN_REFUSED' });
    expect(JSON.stringify(await wrong.catch((error: unknown) => error))).not.toContain('fedcba9876543210');
  });

  test.each([
    ['signed by another kid', (key: string) => detachedJws(text, key, { alg: 'HS256', kid: 'zzzzzz' })],
    ['that says no signature is needed', () => `${Buffer.from('{"alg":"none","kid":"abcdef"}').toString('base64url')}..`],
    ['signed by another algorithm', (key: string) => detachedJws(text, key, { alg: 'HS512', kid: 'abcdef' })],
    ['with a payload of its own', (key: string) => detachedJws(text, key, { alg: 'HS256', kid: 'abcdef' }).replace('..', '.e30.')],
    ['that is no JWS', () => 'something'],
  ])('is not proven by a signature %s', async (_case, signature) => {
    const data = { kubeconfig: text, 'jws-kubeconfig-abcdef': signature('0123456789abcdef') };
    server.answer = () => ({ status: 200, body: { data } });
    await expect(discoverCluster(input())).rejects.toMatchObject({ code: 'TOKEN_REFUSED' });
  });
});

describe('a cluster that is not the one meant', () => {
  test('has another CA than the hash says', async () => {
    const given = caCertHash(other.ca.certificate);
    await expect(discoverCluster(input({ caHashes: [given] }))).rejects.toMatchObject({
      code: 'DISCOVERY_UNTRUSTED',
      details: [`given ${given}`, `found ${caCertHash(keys.ca.certificate)}`],
    });
  });

  test('is a server that has the cluster-info and no certificate of its CA', async () => {
    text = clusterInfoText(server.url, other.ca.certificate);
    const caHashes = [caCertHash(other.ca.certificate)];
    await expect(discoverCluster(input({ caHashes }))).rejects.toMatchObject({ code: 'DISCOVERY_UNTRUSTED' });
  });

  test('has a certificate that is not valid for the endpoint', async () => {
    await server.stop();
    server = await startDiscoveryServer(other);
    text = clusterInfoText(server.url, other.ca.certificate);
    server.answer = () => ({ status: 200, body: clusterInfo(text, TOKEN) });
    const caHashes = [caCertHash(other.ca.certificate)];
    await expect(discoverCluster(input({ caHashes }))).rejects.toMatchObject({ code: 'DISCOVERY_UNTRUSTED' });
  });

  test('shows something else when it has to prove itself', async () => {
    const changed = clusterInfoText('https://10.9.9.9:6443', keys.ca.certificate);
    server.answer = (_path, index) => ({ status: 200, body: clusterInfo(index === 0 ? text : changed, TOKEN) });
    await expect(discoverCluster(input())).rejects.toMatchObject({ code: 'DISCOVERY_UNTRUSTED' });
  });
});

describe('an endpoint', () => {
  test('where nobody listens is unreachable', async () => {
    await server.stop();
    await expect(discoverCluster(input())).rejects.toMatchObject({ code: 'KUBE_UNREACHABLE' });
  });

  test('that breaks every connection is unreachable', async () => {
    server.answer = () => 'break';
    await expect(discoverCluster(input())).rejects.toMatchObject({ code: 'KUBE_UNREACHABLE' });
  });

  test.each([401, 403, 404])('that answers %s shows no cluster-info to everybody', async (status) => {
    server.answer = () => ({ status });
    await expect(discoverCluster(input())).rejects.toMatchObject({ code: 'KUBE_API' });
  });

  test('that answers with something else than a ConfigMap is no API server', async () => {
    server.answer = () => ({ status: 200, body: '<html>' });
    await expect(discoverCluster(input())).rejects.toMatchObject({ code: 'KUBE_API' });
  });

  test('is given up when the user stops', async () => {
    const abort = new AbortController();
    server.answer = () => {
      abort.abort();
      return { status: 503 };
    };
    await expect(discoverCluster(input({ signal: abort.signal, patienceMs: 60_000 }))).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});

describe('what a cluster tells whoever has a token', () => {
  const access = () => ({
    cluster: { server: server.url, caCertificate: keys.ca.certificate },
    token: parseBootstrapToken(TOKEN),
    signal: new AbortController().signal,
    patienceMs: 100,
  });

  function serve(answers: Readonly<Record<string, { readonly status: number; readonly body?: unknown }>>): void {
    server.answer = (path) => answers[path] ?? { status: 404 };
  }

  test('is its configuration, the kubelet’s, and annotations, read as bearer of the token', async () => {
    serve({
      [KUBEADM_CONFIG]: {
        status: 200,
        body: { metadata: { annotations: { a: 'b' } }, data: { ClusterConfiguration: 'kubernetesVersion: v1.25.0\n' } },
      },
      [KUBELET_CONFIG]: { status: 200, body: { data: { kubelet: 'cgroupDriver: systemd\n' } } },
    });
    expect(await readJoinConfig(access())).toEqual({
      cluster: { kubernetesVersion: 'v1.25.0' },
      annotations: { a: 'b' },
      kubelet: { cgroupDriver: 'systemd' },
    });
    expect(server.seen).toContain(`GET ${KUBEADM_CONFIG} Bearer ${TOKEN}`);
  });

  test('is nothing when the token may not log in', async () => {
    serve({ [KUBEADM_CONFIG]: { status: 401 }, [KUBELET_CONFIG]: { status: 401 } });
    await expect(readJoinConfig(access())).rejects.toMatchObject({ code: 'TOKEN_REFUSED' });
  });

  test('is never asked for by a server of another CA', async () => {
    const wrong = { ...access(), cluster: { server: server.url, caCertificate: other.ca.certificate } };
    await expect(readJoinConfig(wrong)).rejects.toMatchObject({ code: 'DISCOVERY_UNTRUSTED' });
    expect(server.seen).toEqual([]);
  });

  test('must not be missing', async () => {
    serve({ [KUBEADM_CONFIG]: { status: 200, body: { data: {} } }, [KUBELET_CONFIG]: { status: 200, body: { data: {} } } });
    await expect(readJoinConfig(access())).rejects.toMatchObject({ code: 'KUBE_API' });
  });

  test.each([
    ['Ready', { status: 200, body: { status: { conditions: [{ type: 'Ready', status: 'True' }] } } }, true],
    ['not Ready', { status: 200, body: { status: { conditions: [{ type: 'Ready', status: 'Unknown' }] } } }, false],
    ['absent', { status: 404 }, false],
    ['not to be seen', { status: 403 }, false],
  ])('is whether a node is there: %s', async (_case, answer, expected) => {
    serve({ '/api/v1/nodes/w1': answer });
    expect(await hasReadyNode(access(), 'w1')).toBe(expected);
  });

  describe('uploaded certificates', () => {
    test('are read with the token', async () => {
      serve({ [CERTIFICATES]: { status: 200, body: { data: { 'ca.crt': 'AAAA' } } } });
      expect(await readUploadedCertificates(access())).toEqual({ 'ca.crt': 'AAAA' });
      expect(server.seen).toEqual([`GET ${CERTIFICATES} Bearer ${TOKEN}`]);
    });

    test.each([
      ['gone', 404, 'STEP_MISSING'],
      ['never uploaded', 403, 'STEP_MISSING'],
      ['not to be had for another reason', 400, 'KUBE_API'],
    ])('may be %s', async (_case, status, code) => {
      serve({ [CERTIFICATES]: { status } });
      await expect(readUploadedCertificates(access())).rejects.toMatchObject({ code });
    });
  });
});

describe('hashes of a CA', () => {
  test('are taken in upper case too', () => {
    expect(parseCaHashes([`SHA256:${'AB'.repeat(32)}`])).toEqual([`sha256:${'ab'.repeat(32)}`]);
  });

  test.each(['', 'sha256:', `sha512:${'a'.repeat(64)}`, `sha256:${'a'.repeat(63)}`, 'a'.repeat(64)])('"%s" is none', (hash) => {
    expect(() => parseCaHashes([hash])).toThrow(expect.objectContaining({ code: 'USAGE' }));
  });
});
