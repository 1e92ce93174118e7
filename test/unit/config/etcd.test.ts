import { describe, expect, test } from 'vitest';
import { etcdTopology } from '../../../src/constants/index.js';
import { etcdHosts, nodeHosts, workers } from '../../../src/config/index.js';
import { aClusterFile, parseText, placesIn, thrownBy } from './cluster-files.js';

const EXTERNAL = '{ endpoints: ["https://10.0.0.31:2379"], caFile: etcd/ca.crt, certFile: ~/client.crt, keyFile: client.key }';

function hosts(...roles: readonly string[]): string {
  return `  hosts:\n${roles.map((role, index) => `    - { name: h${index}, address: 10.0.0.${11 + index}, roles: [${role}] }`).join('\n')}`;
}

function problemsOf(text: string): readonly string[] {
  return placesIn(thrownBy(() => parseText(aClusterFile(text))));
}

describe('an external etcd', () => {
  test('is named by its endpoints and files of this machine', () => {
    const { spec, warnings } = parseText(aClusterFile(`  etcd: { external: ${EXTERNAL} }`));
    expect(spec.etcd.external).toEqual({
      endpoints: ['https://10.0.0.31:2379'],
      caFile: '/base/etcd/ca.crt',
      certFile: '/home/me/client.crt',
      keyFile: '/base/client.key',
    });
    expect(etcdTopology(spec)).toBe('external');
    expect(warnings).toEqual([]);
  });

  test('needs all three files and at least one endpoint', () => {
    expect(problemsOf('  etcd: { external: { endpoints: [] } }')).toEqual([
      '5:11 spec.etcd.external.caFile',
      '5:11 spec.etcd.external.certFile',
      '5:11 spec.etcd.external.keyFile',
      '5:23 spec.etcd.external.endpoints',
    ]);
  });

  test.each([
    ['http://10.0.0.31:2379', /must begin with https/],
    ['https://10.0.0.31', /must be a client URL/],
    ['10.0.0.31:2379', /must be a client URL/],
    ['https://10.0.0.31:2379/v3', /must be a client URL/],
    ['https://root:pw@10.0.0.31:2379', /without user and password/],
  ])('is not reached at %s', (endpoint, message) => {
    const error = thrownBy(() => parseText(aClusterFile(`  etcd: { external: ${EXTERNAL.replace('https://10.0.0.31:2379', endpoint)} }`)));
    expect(error.details).toEqual([expect.stringMatching(/spec\.etcd\.external\.endpoints\[0\] — /)]);
    expect(error.details[0]).toMatch(message);
  });

  test('has each endpoint once', () => {
    const twice = EXTERNAL.replace('["https://10.0.0.31:2379"]', '["https://a.example.org:2379", "https://a.example.org:2379"]');
    expect(problemsOf(`  etcd: { external: ${twice} }`)).toEqual(['5:23 spec.etcd.external.endpoints']);
  });

  test('goes neither with settings of an etcd that kbs makes nor with hosts for one', () => {
    expect(problemsOf(`${hosts('control-plane', 'etcd')}\n  etcd: { dataDir: /srv, extraArgs: {}, external: ${EXTERNAL} }`)).toEqual([
      '7:11 spec.etcd.dataDir',
      '7:26 spec.etcd.extraArgs',
      '7:41 spec.etcd.external',
    ]);
  });
});

describe('hosts of etcd', () => {
  test('are no nodes', () => {
    const { spec, warnings } = parseText(aClusterFile(hosts('control-plane, worker', 'worker', 'etcd')));
    expect(nodeHosts(spec).map(({ name }) => name)).toEqual(['h0', 'h1']);
    expect(workers(spec).map(({ name }) => name)).toEqual(['h1']);
    expect(etcdHosts(spec).map(({ name }) => name)).toEqual(['h2']);
    expect(etcdTopology(spec)).toBe('hosts');
    expect(warnings).toEqual([]);
  });

  test('have no other role', () => {
    expect(problemsOf(hosts('control-plane, etcd'))).toEqual(['5:39 spec.hosts[0].roles']);
    expect(problemsOf(hosts('control-plane', 'worker, etcd'))).toEqual(['6:39 spec.hosts[1].roles']);
  });

  test('do not make a cluster without a control plane', () => {
    expect(problemsOf(hosts('etcd', 'worker'))).toEqual(['4:3 spec.hosts']);
  });

  test('in an even number get a warning; two control planes beside them do not', () => {
    const text = `${hosts('control-plane, worker', 'control-plane', 'etcd', 'etcd')}\n  controlPlaneEndpoint: { host: k8s.example.org }`;
    expect(parseText(aClusterFile(text)).warnings).toEqual([expect.stringContaining('2 hosts with role etcd')]);
  });

  test('take no labels', () => {
    const text = `${hosts('control-plane, worker')}\n    - { name: e1, address: 10.0.0.31, roles: [etcd], labels: { a: b } }`;
    expect(parseText(aClusterFile(text)).warnings).toEqual([expect.stringMatching(/spec\.hosts\[1\]\.labels — has no effect/)]);
  });

  test('take no share of the pod subnet', () => {
    const text = `${hosts('control-plane, worker', 'worker', 'etcd')}\n  network: { podSubnet: 10.244.0.0/23 }`;
    expect(parseText(aClusterFile(text)).spec.hosts).toHaveLength(3);
  });
});
