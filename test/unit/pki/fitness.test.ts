import { generateKeyPairSync } from 'node:crypto';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import {
  clientCertificateProblem,
  createSharedPki,
  issueClientCertificate,
  issueLeaf,
  LEAF_CERTS,
  leafProblem,
  type CertSpec,
  type ControlPlaneNode,
  type KeyPair,
  type SharedPki,
} from '../../../src/pki/index.js';
import { Secret } from '../../../src/secret/index.js';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const now = new Date('2026-11-21T00:00:00Z');
const node: ControlPlaneNode = {
  nodeName: 'cp1',
  advertiseAddress: '10.66.0.11',
  serviceSubnetFirst: '10.96.0.1',
  dnsDomain: 'cluster.local',
  certSANs: [],
};
const [apiServer] = LEAF_CERTS as readonly [CertSpec];

let shared: SharedPki;
let leaf: KeyPair;
let client: KeyPair;

beforeAll(async () => {
  shared = await createSharedPki(now);
  [leaf, client] = await Promise.all([
    issueLeaf(apiServer, shared, node, now),
    issueClientCertificate({ commonName: 'system:node:w1', organization: 'system:nodes', ca: shared.ca, now }),
  ]);
});

function problem(change: {
  found?: Partial<Record<keyof KeyPair, undefined>>;
  node?: Partial<ControlPlaneNode>;
  now?: Date;
  spec?: CertSpec;
}) {
  const found = { ...leaf, ...change.found };
  const expected = { spec: change.spec ?? apiServer, shared, node: { ...node, ...change.node }, now: change.now ?? now };
  return leafProblem(found, expected);
}

function inDays(days: number): Date {
  return new Date(now.getTime() + days * 86_400_000);
}

describe('a leaf', () => {
  test('that was issued for this node is fit', () => {
    expect(problem({})).toBeUndefined();
  });

  test('with more SANs than needed is fit', async () => {
    const generous = await issueLeaf(apiServer, shared, { ...node, certSANs: ['old.example.org'] }, now);
    expect(leafProblem(generous, { spec: apiServer, shared, node, now })).toBeUndefined();
  });

  test('that is not there is missing', () => {
    expect(problem({ found: { certificate: undefined } })).toBe('missing');
  });

  test('without its key is not fit', () => {
    expect(problem({ found: { privateKey: undefined } })).toBe('its key is missing');
  });

  test('is not fit when a SAN is missing, and the reason names each one', () => {
    expect(problem({ node: { advertiseAddress: '10.66.0.12', endpointHost: 'api.example.org' } })).toBe(
      'its SANs lack api.example.org, 10.66.0.12',
    );
  });

  test('is fit 30 days before its end, and not a day later', () => {
    expect(problem({ now: inDays(335) })).toBeUndefined();
    expect(problem({ now: inDays(336) })).toBe('expires in 29 days');
    expect(problem({ now: inDays(364) })).toBe('expires in 1 day');
    expect(problem({ now: inDays(366) })).toBe('expired on 2027-11-21');
  });

  test('with another name, organization or usage is not fit', () => {
    expect(problem({ spec: { ...apiServer, commonName: 'other' } })).toBe('its common name is kube-apiserver, not other');
    expect(problem({ spec: { ...apiServer, organization: 'system:masters' } })).toBe('its organization is empty, not system:masters');
    expect(problem({ spec: { ...apiServer, usages: ['serverAuth', 'clientAuth'] } })).toBe('its usage lacks clientAuth');
  });

  test('of another CA of the same name is not fit', async () => {
    const other = await createSharedPki(now);
    expect(leafProblem(leaf, { spec: apiServer, shared: other, node, now })).toBe('signed by another CA');
  });

  test('with a key that is broken or of another certificate is not fit', () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const foreign = new Secret(privateKey.export({ type: 'pkcs1', format: 'pem' }).toString());
    const expected = { spec: apiServer, shared, node, now };
    expect(leafProblem({ ...leaf, privateKey: foreign }, expected)).toBe('its key belongs to another certificate');
    expect(leafProblem({ ...leaf, privateKey: new Secret('torn') }, expected)).toBe('its key cannot be read');
    expect(leafProblem({ ...leaf, certificate: 'torn' }, expected)).toBe('no certificate that can be read');
  });
});

describe('a client certificate', () => {
  test('is fit for the name it was issued for only', () => {
    const request = { commonName: 'system:node:w1', organization: 'system:nodes', ca: shared.ca, now };
    expect(clientCertificateProblem(client, request)).toBeUndefined();
    expect(clientCertificateProblem(client, { ...request, commonName: 'system:node:w2' })).toBe(
      'its common name is system:node:w1, not system:node:w2',
    );
    expect(clientCertificateProblem(client, { commonName: 'system:node:w1', ca: shared.ca, now })).toBe(
      'its organization is system:nodes, not empty',
    );
  });
});
