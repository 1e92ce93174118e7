import { execFileSync } from 'node:child_process';
import { createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, createServer } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import {
  createSharedPki,
  inspectCertificate,
  issueClientCertificate,
  issueLeaf,
  LEAF_CERTS,
  type CertSpec,
  type ControlPlaneNode,
  type KeyPair,
  type LeafName,
} from '../../../src/pki/index.js';
import { signCertificate, subjectName } from '../../../src/pki/certificate.js';
import { Secret } from '../../../src/secret/index.js';
import { keyIdentifiers, printedCertificate } from './printed-certificate.js';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const DAY_MS = 86_400_000;
const created = new Date('2026-11-21T00:05:49.700Z');
const issued = new Date('2026-11-23T10:00:00.000Z');
const node: ControlPlaneNode = {
  nodeName: 'cp1',
  advertiseAddress: '10.66.0.11',
  endpointHost: 'API.example.org',
  serviceSubnetFirst: '10.96.0.1',
  dnsDomain: 'cluster.local',
  certSANs: ['203.0.113.7', 'fd00:0:0::7', '*.k8s.example.org', '10.66.0.11'],
};

let shared: Awaited<ReturnType<typeof createSharedPki>>;
let leaves: ReadonlyMap<LeafName, KeyPair>;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kbs-pki-'));
  shared = await createSharedPki(created);
  const made = LEAF_CERTS.map(async (spec) => [spec.name, await issueLeaf(spec, shared, node, issued)] as const);
  leaves = new Map(await Promise.all(made));
});
afterAll(() => rmSync(folder, { recursive: true }));

function leaf(name: LeafName): KeyPair {
  const found = leaves.get(name);
  if (found === undefined) throw new Error(`no leaf ${name}`);
  return found;
}

function specOf(name: LeafName): CertSpec {
  const found = LEAF_CERTS.find((spec) => spec.name === name);
  if (found === undefined) throw new Error(`no spec ${name}`);
  return found;
}

const HEAD = ['Version: 3 (0x2)', 'Signature Algorithm: sha256WithRSAEncryption'];
const LEAF_TAIL = ['X509v3 Basic Constraints: critical', 'CA:FALSE', 'X509v3 Authority Key Identifier:', 'KEY-ID'];
const USAGE = { server: 'TLS Web Server Authentication', client: 'TLS Web Client Authentication' };

function expectedCa(commonName: string): readonly string[] {
  return [
    ...HEAD,
    `Issuer: CN = ${commonName}`,
    `Subject: CN = ${commonName}`,
    'X509v3 extensions:',
    'X509v3 Key Usage: critical',
    'Digital Signature, Key Encipherment, Certificate Sign',
    'X509v3 Basic Constraints: critical',
    'CA:TRUE',
    'X509v3 Subject Key Identifier:',
    'KEY-ID',
    'X509v3 Subject Alternative Name:',
    `DNS:${commonName}`,
  ];
}

function expectedLeaf(issuer: string, subject: string, usage: string, sans?: string): readonly string[] {
  return [
    ...HEAD,
    `Issuer: CN = ${issuer}`,
    `Subject: ${subject}`,
    'X509v3 extensions:',
    'X509v3 Key Usage: critical',
    'Digital Signature, Key Encipherment',
    'X509v3 Extended Key Usage:',
    usage,
    ...LEAF_TAIL,
    ...(sans === undefined ? [] : ['X509v3 Subject Alternative Name:', sans]),
  ];
}

describe('authorities', () => {
  test.each([
    ['ca', 'kubernetes'],
    ['etcdCa', 'etcd-ca'],
    ['frontProxyCa', 'front-proxy-ca'],
  ] as const)('%s is a CA of kubeadm’s shape named %s', (name, commonName) => {
    expect(printedCertificate(shared[name].certificate)).toEqual(expectedCa(commonName));
  });

  test('has serial number zero and ten years of 365 days from its creation, in whole seconds', () => {
    const info = inspectCertificate(shared.ca.certificate);
    expect(info).toMatchObject({ serialNumber: '0', notBefore: new Date('2026-11-21T00:05:49Z'), isCa: true });
    expect(info.notAfter.getTime() - info.notBefore.getTime()).toBe(3650 * DAY_MS);
  });

  test('signs itself, with a 2048 bit RSA key in PKCS#1', () => {
    const certificate = new X509Certificate(shared.ca.certificate);
    const key = createPrivateKey(shared.ca.privateKey.reveal());
    expect(certificate.verify(certificate.publicKey)).toBe(true);
    expect(certificate.checkPrivateKey(key)).toBe(true);
    expect(key.asymmetricKeyDetails?.modulusLength).toBe(2048);
    expect(shared.ca.privateKey.reveal()).toMatch(/^-----BEGIN RSA PRIVATE KEY-----\n/);
  });

  test('has PEM lines of 64 characters that end with a newline only', () => {
    expect(shared.ca.certificate).not.toContain('\r');
    expect(shared.ca.certificate.split('\n')[1]).toHaveLength(64);
  });

  test('lie apart: each has a key of its own', () => {
    const ids = [shared.ca, shared.etcdCa, shared.frontProxyCa].map(({ certificate }) => keyIdentifiers(certificate)['Subject']);
    expect(new Set(ids).size).toBe(3);
  });

  test('leave the service account public key to be the half of the private one', () => {
    const derived = execFileSync('openssl', ['rsa', '-pubout'], {
      input: shared.serviceAccount.privateKey.reveal(),
      encoding: 'utf8',
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    expect(shared.serviceAccount.publicKey).toBe(derived);
  });
});

describe('leaves', () => {
  const etcdSans = 'DNS:cp1, DNS:localhost, IP Address:10.66.0.11, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1';
  const apiSans = [
    'DNS:*.k8s.example.org, DNS:api.example.org, DNS:cp1, DNS:kubernetes, DNS:kubernetes.default, DNS:kubernetes.default.svc',
    'DNS:kubernetes.default.svc.cluster.local, IP Address:10.96.0.1, IP Address:10.66.0.11, IP Address:203.0.113.7',
    'IP Address:FD00:0:0:0:0:0:0:7',
  ].join(', ');
  const both = `${USAGE.server}, ${USAGE.client}`;

  test.each([
    ['apiserver', expectedLeaf('kubernetes', 'CN = kube-apiserver', USAGE.server, apiSans)],
    ['apiserver-kubelet-client', expectedLeaf('kubernetes', 'O = system:masters, CN = kube-apiserver-kubelet-client', USAGE.client)],
    ['front-proxy-client', expectedLeaf('front-proxy-ca', 'CN = front-proxy-client', USAGE.client)],
    ['etcd-server', expectedLeaf('etcd-ca', 'CN = cp1', both, etcdSans)],
    ['etcd-peer', expectedLeaf('etcd-ca', 'CN = cp1', both, etcdSans)],
    ['etcd-healthcheck-client', expectedLeaf('etcd-ca', 'O = system:masters, CN = kube-etcd-healthcheck-client', USAGE.client)],
    ['apiserver-etcd-client', expectedLeaf('etcd-ca', 'O = system:masters, CN = kube-apiserver-etcd-client', USAGE.client)],
  ] as const)('%s has kubeadm’s names, usages and SANs', (name, expected) => {
    expect(printedCertificate(leaf(name).certificate)).toEqual(expected);
  });

  test.each(LEAF_CERTS.map((spec) => [spec.name, spec] as const))('%s chains to its authority', (name, spec) => {
    writeFileSync(join(folder, 'ca.crt'), shared[spec.ca].certificate);
    writeFileSync(join(folder, 'leaf.crt'), leaf(name).certificate);
    const args = ['verify', '-x509_strict', '-attime', String(issued.getTime() / 1000), '-CAfile', 'ca.crt', 'leaf.crt'];
    expect(execFileSync('openssl', args, { cwd: folder, encoding: 'utf8' })).toBe('leaf.crt: OK\n');
    expect(keyIdentifiers(leaf(name).certificate)).toEqual({
      Authority: keyIdentifiers(shared[spec.ca].certificate)['Subject'],
    });
  });

  test('are valid from when the CA is, for 365 days from when they are issued', () => {
    const info = inspectCertificate(leaf('apiserver').certificate);
    expect(info.notBefore).toEqual(new Date('2026-11-21T00:05:49Z'));
    expect(info.notAfter).toEqual(new Date(issued.getTime() + 365 * DAY_MS));
  });

  test('have names in printable strings, as Go writes them', () => {
    const der = new X509Certificate(leaf('apiserver-kubelet-client').certificate).raw.toString('hex');
    expect(der).toContain(`130e${Buffer.from('system:masters').toString('hex')}`);
  });

  test('carry a TLS connection with certificates on both sides', async () => {
    const live = await createSharedPki(new Date());
    const [server, client] = await Promise.all([
      issueLeaf(specOf('etcd-server'), live, node, new Date()),
      issueLeaf(specOf('apiserver-etcd-client'), live, node, new Date()),
    ]);
    expect(await peerSeenOver(server, client, live.etcdCa.certificate)).toBe('kube-apiserver-etcd-client');
  });
});

describe('client certificates with an elliptic key', () => {
  test('are what a kubelet makes itself: P-256 in SEC 1, signed by the same CA as all others', async () => {
    const request = { commonName: 'system:node:w1', organization: 'system:nodes', ca: shared.ca, now: issued };
    const pair = await issueClientCertificate({ ...request, keyType: 'ec' });
    const certificate = new X509Certificate(pair.certificate);
    const key = createPrivateKey(pair.privateKey.reveal());
    expect(pair.privateKey.reveal()).toMatch(/^-----BEGIN EC PRIVATE KEY-----\n/);
    expect(key.asymmetricKeyDetails).toMatchObject({ namedCurve: 'prime256v1' });
    expect(certificate.checkPrivateKey(key)).toBe(true);
    expect(certificate.verify(new X509Certificate(shared.ca.certificate).publicKey)).toBe(true);
    const usual = await issueClientCertificate(request);
    expect(inspectCertificate(pair.certificate)).toEqual({
      ...inspectCertificate(usual.certificate),
      serialNumber: expect.any(String) as string,
    });
  });
});

describe('authorities made by others', () => {
  test('keep the very bytes of their name in what they sign, whatever string type they chose', async () => {
    const ca = opensslAuthority(['-newkey', 'rsa:2048', '-utf8'], 'kubernetes');
    const issuedHere = await issueClientCertificate({ commonName: 'kubernetes-admin', ca, now: issued });
    const utf8Name = `0c0a${Buffer.from('kubernetes').toString('hex')}`;
    expect(new X509Certificate(ca.certificate).raw.toString('hex')).toContain(utf8Name);
    expect(new X509Certificate(issuedHere.certificate).raw.toString('hex')).toContain(utf8Name);
    expect(new X509Certificate(issuedHere.certificate).checkIssued(new X509Certificate(ca.certificate))).toBe(true);
    expect(keyIdentifiers(issuedHere.certificate)['Authority']).toBe(keyIdentifiers(ca.certificate)['Subject']);
  });

  test('may have elliptic keys', async () => {
    const ca = opensslAuthority(['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'], 'kubernetes');
    const { certificate } = await issueClientCertificate({ commonName: 'kubernetes-admin', ca, now: issued });
    expect(new X509Certificate(certificate).verify(new X509Certificate(ca.certificate).publicKey)).toBe(true);
    expect(printedCertificate(certificate)[1]).toBe('Signature Algorithm: ecdsa-with-SHA256');
  });

  test('may be followed by further certificates: the first one signs', async () => {
    const bundle = { ...shared.ca, certificate: `${shared.ca.certificate}${shared.etcdCa.certificate}` };
    const { certificate } = await issueClientCertificate({ commonName: 'kubernetes-admin', ca: bundle, now: issued });
    expect(new X509Certificate(certificate).verify(new X509Certificate(shared.ca.certificate).publicKey)).toBe(true);
  });

  test('that cannot sign with SHA-256 are refused', async () => {
    const { privateKey } = generateKeyPairSync('ed25519');
    const key = new Secret(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
    const request = { commonName: 'x', ca: { ...shared.ca, privateKey: key }, now: issued };
    await expect(issueClientCertificate(request)).rejects.toMatchObject({ code: 'PKI_INVALID' });
  });
});

describe('serial numbers and names', () => {
  test('serial numbers are positive, at most 63 bits, in the shortest form, and not met twice', () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const signer = { subject: subjectName({ commonName: 'ca' }), keyIdentifier: undefined, privateKey };
    const plan = {
      commonName: 'leaf',
      isCa: false,
      usages: [],
      sans: { dns: [], ip: [] },
      notBefore: created,
      notAfter: issued,
      publicKey,
    };
    // OpenSSL refuses a padded number, and one number in 256 is short enough to be padded by mistake.
    const serials = Array.from({ length: 600 }, () => inspectCertificate(signCertificate(plan, signer)).serialNumber);
    expect(new Set(serials).size).toBe(600);
    expect(serials.every((serial) => BigInt(`0x${serial}`) > 0n && BigInt(`0x${serial}`) < 1n << 63n)).toBe(true);
  });

  test('a name outside the alphabet of printable strings is UTF-8, and read back as it was', async () => {
    const { certificate } = await issueClientCertificate({
      commonName: 'jürgen@example',
      organization: 'a+b, c',
      ca: shared.ca,
      now: issued,
    });
    expect(inspectCertificate(certificate)).toMatchObject({ commonName: 'jürgen@example', organizations: ['a+b, c'] });
  });

  test('what is neither a name nor an address cannot stand in a certificate', () => {
    const wrong = { ...node, certSANs: ['https://api.example.org'] };
    expect(() => issueLeaf(specOf('apiserver'), shared, wrong, issued)).toThrow(expect.objectContaining({ code: 'PKI_INVALID' }));
  });
});

/** A CA with OpenSSL's own defaults for the given key. */
function opensslAuthority(keyArgs: readonly string[], commonName: string): KeyPair {
  const args = ['req', '-x509', '-nodes', '-days', '30', '-subj', `/CN=${commonName}`, '-keyout', 'own.key', '-out', 'own.crt'];
  execFileSync('openssl', [...args, ...keyArgs], { cwd: folder, stdio: 'ignore' });
  const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
  return { certificate: read('own.crt'), privateKey: new Secret(read('own.key')) };
}

/** The common name the server saw of its client. */
function peerSeenOver(server: KeyPair, client: KeyPair, ca: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const listener = createServer({ cert: server.certificate, key: server.privateKey.reveal(), ca, requestCert: true }, (socket) => {
      const { CN: name } = socket.getPeerCertificate().subject;
      socket.end();
      listener.close();
      resolve(String(name));
    });
    listener.on('tlsClientError', reject);
    listener.listen(0, '127.0.0.1', () => {
      const { port } = listener.address() as AddressInfo;
      connect({ port, host: '127.0.0.1', ca, cert: client.certificate, key: client.privateKey.reveal() }).on('error', reject).resume();
    });
  });
}
