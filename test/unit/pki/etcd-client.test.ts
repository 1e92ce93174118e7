import { beforeAll, describe, expect, test, vi } from 'vitest';
import {
  controlPlaneLeaves,
  createCertificateKey,
  createControlPlanePki,
  createSharedPki,
  decryptSharedPki,
  encryptSharedPki,
  etcdAuthorityFromFiles,
  etcdClientProblems,
  ETCD_AUTHORITY_FILES,
  ETCD_LEAF_CERTS,
  issueClientCertificate,
  issueLeaf,
  LEAF_CERTS,
  sharedPkiFiles,
  sharedPkiFromFiles,
  type EtcdClient,
  type EtcdClientFiles,
  type SharedPki,
} from '../../../src/pki/index.js';
import { Secret } from '../../../src/secret/index.js';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const NOW = new Date('2026-11-21T00:00:00Z');
const DAY_MS = 86_400_000;

let pki: Awaited<ReturnType<typeof createSharedPki>>;
let client: EtcdClient;
let external: SharedPki;

beforeAll(async () => {
  pki = await createSharedPki(NOW);
  const pair = await issueClientCertificate({ commonName: 'kube-apiserver-etcd-client', ca: pki.etcdCa, now: NOW });
  client = { caCertificate: pki.etcdCa.certificate, pair };
  external = { ...pki, etcdCa: undefined, etcdClient: client };
});

function problems(change: Partial<EtcdClientFiles>, now = NOW): readonly string[] {
  const files = { caFile: client.caCertificate, certFile: client.pair.certificate, keyFile: client.pair.privateKey, ...change };
  return etcdClientProblems(files, now).map(({ file, message }) => `${file} ${message}`);
}

describe('files that lead to an external etcd', () => {
  test('are fit when they belong together', () => {
    expect(problems({})).toEqual([]);
  });

  test('are told apart from what is no certificate and no key', () => {
    expect(problems({ caFile: 'x', certFile: 'y', keyFile: new Secret('z') })).toEqual([
      'caFile holds no certificate in PEM form',
      'certFile holds no certificate in PEM form',
      'keyFile holds no private key without passphrase in PEM form',
    ]);
  });

  test('need a CA, a client and its own key', () => {
    expect(problems({ caFile: client.pair.certificate })).toEqual(['caFile is no CA certificate']);
    expect(problems({ keyFile: pki.ca.privateKey })).toEqual(['keyFile does not belong to certFile']);
  });

  test('have to be valid now', async () => {
    expect(problems({}, new Date(NOW.getTime() + 400 * DAY_MS))).toEqual(['certFile expired on 2027-11-21']);
    expect(problems({}, new Date(NOW.getTime() - 10 * DAY_MS))).toEqual([
      expect.stringMatching(/^caFile is valid only from/),
      expect.stringMatching(/^certFile is valid only from/),
    ]);
    const server = LEAF_CERTS.find(({ name }) => name === 'apiserver');
    if (server === undefined) throw new Error('no apiserver in the table');
    const node = { nodeName: 'n', advertiseAddress: '10.0.0.1', serviceSubnetFirst: '10.96.0.1', dnsDomain: 'cluster.local', certSANs: [] };
    const { certificate, privateKey } = await issueLeaf(server, pki, node, NOW);
    expect(problems({ certFile: certificate, keyFile: privateKey })).toEqual([
      expect.stringMatching(/^certFile may not be used as a client/),
    ]);
  });
});

function filesOf(etcd: 'hosts' | 'external', shared: SharedPki): ReadonlyMap<string, string | Secret> {
  return new Map(sharedPkiFiles(etcd).map(({ path, content }) => [path, content(shared)]));
}

describe('the shared PKI', () => {
  test('with an external etcd has its CA and the client’s pair, and no key of a CA of etcd', () => {
    expect(sharedPkiFiles('external').map(({ path, mode }) => `${mode.toString(8)} ${path}`)).toEqual([
      '644 ca.crt',
      '600 ca.key',
      '644 etcd/ca.crt',
      '644 apiserver-etcd-client.crt',
      '600 apiserver-etcd-client.key',
      '644 front-proxy-ca.crt',
      '600 front-proxy-ca.key',
      '600 sa.key',
      '600 sa.pub',
    ]);
    const read = sharedPkiFromFiles(filesOf('external', external));
    expect(read?.etcdCa).toBeUndefined();
    expect(read?.etcdClient?.pair.privateKey.reveal()).toBe(client.pair.privateKey.reveal());
  });

  test('with etcd on its own hosts has only the certificate of its CA', () => {
    expect(sharedPkiFiles('hosts').map(({ path }) => path)).toEqual([
      'ca.crt',
      'ca.key',
      'etcd/ca.crt',
      'front-proxy-ca.crt',
      'front-proxy-ca.key',
      'sa.key',
      'sa.pub',
    ]);
    expect(sharedPkiFromFiles(filesOf('hosts', pki), 'hosts')).toMatchObject({ etcdCa: undefined, etcdClient: undefined });
  });

  test('does not do what needs the key of etcd’s CA without it', async () => {
    const without = await createControlPlanePki(NOW);
    expect(() => filesOf('hosts', without)).toThrow(expect.objectContaining({ code: 'STEP_MISSING' }));
  });

  test('of a host of etcd is read back, and refused when half of it is missing', () => {
    const files = new Map(ETCD_AUTHORITY_FILES.map(({ path, content }) => [path, content(pki)]));
    expect(etcdAuthorityFromFiles(files)?.certificate).toBe(pki.etcdCa.certificate);
    expect(etcdAuthorityFromFiles(new Map())).toBeUndefined();
    files.delete('etcd/ca.key');
    expect(() => etcdAuthorityFromFiles(files)).toThrow(
      expect.objectContaining({ code: 'PKI_INVALID', details: ['etcd/ca.key is missing'] }),
    );
  });

  test('is uploaded under kubeadm’s names for an external etcd, and read again', () => {
    const key = createCertificateKey();
    const copies = encryptSharedPki(external, key);
    expect(Object.keys(copies).sort()).toEqual([
      ...['ca.crt', 'ca.key', 'external-etcd-ca.crt', 'external-etcd.crt', 'external-etcd.key'],
      ...['front-proxy-ca.crt', 'front-proxy-ca.key', 'sa.key', 'sa.pub'],
    ]);
    expect(decryptSharedPki(copies, key)).toMatchObject({ etcdCa: undefined, etcdClient: { caCertificate: client.caCertificate } });
  });
});

describe('leaves', () => {
  const names = (leaves: readonly { readonly name: string }[]): readonly string[] => leaves.map(({ name }) => name);

  test('of etcd belong to the host that runs it', () => {
    expect(names(ETCD_LEAF_CERTS)).toEqual(['etcd-server', 'etcd-peer', 'etcd-healthcheck-client']);
    expect(controlPlaneLeaves('stacked')).toEqual(LEAF_CERTS);
    expect(names(controlPlaneLeaves('hosts'))).toEqual([
      'apiserver',
      'apiserver-kubelet-client',
      'front-proxy-client',
      'apiserver-etcd-client',
    ]);
    expect(names(controlPlaneLeaves('external'))).toEqual(['apiserver', 'apiserver-kubelet-client', 'front-proxy-client']);
  });
});
