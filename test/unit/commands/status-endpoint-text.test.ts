import { describe, expect, test } from 'vitest';
import { endpointCell, endpointLines } from '../../../src/commands/status-endpoint-text.js';
import type { ClusterStatus } from '../../../src/operations/index.js';

type Endpoint = ClusterStatus['controlPlaneEndpoint'];

function status(controlPlaneEndpoint: Endpoint): ClusterStatus {
  return {
    cluster: 'demo',
    endpoint: 'k8s.example.org:6443',
    controlPlaneEndpoint,
    kubernetesVersion: 'v1.25.16',
    hosts: [],
    components: [],
    etcd: [],
    notInFile: [],
    certificates: [],
    drift: { changes: [] },
  };
}

const UP = { apiServers: ['cp1', 'cp2', 'cp3'].map((name) => ({ name, up: true })) };
const ONE_DOWN = { apiServers: [...UP.apiServers.slice(0, 2), { name: 'cp3', up: false, problem: 'refuses connections' }] };

describe('the endpoint in the status', () => {
  test('is one line while all is well, with who holds the address', () => {
    const seen = status({
      provider: 'keepalived',
      server: 'https://10.0.0.9:8443',
      hosts: [
        { host: 'cp1', answers: true, virtualAddress: { held: false }, loadBalancer: UP },
        { host: 'cp2', answers: true, virtualAddress: { held: true }, loadBalancer: UP },
        { host: 'w1', answers: true },
      ],
    });
    expect(endpointLines(seen)).toEqual(['endpoint: keepalived at https://10.0.0.9:8443, held by cp2, answers 3 of 3 nodes']);
    expect(['cp1', 'cp2', 'w1', 'etcd1'].map((name) => endpointCell(seen, name))).toEqual([
      'answers, 3/3 up',
      'answers, holds it, 3/3 up',
      'answers',
      '-',
    ]);
  });

  test('names every node that does not reach it, and everything a load balancer misses', () => {
    const seen = status({
      provider: 'local-lb',
      server: 'https://127.0.0.1:6443',
      hosts: [
        { host: 'w1', answers: true, loadBalancer: ONE_DOWN },
        { host: 'w2', answers: false, problem: 'connect ECONNREFUSED', loadBalancer: { apiServers: [], problem: 'connect ECONNREFUSED' } },
      ],
    });
    expect(endpointLines(seen)).toEqual([
      'endpoint: local-lb at https://127.0.0.1:6443, answers 1 of 2 nodes',
      '  w1: its load balancer sees cp3 down: refuses connections',
      '  w2: does not reach it: connect ECONNREFUSED',
      '  w2: load balancer: connect ECONNREFUSED',
    ]);
    expect(['w1', 'w2'].map((name) => endpointCell(seen, name))).toEqual(['answers, 2/3 up', 'no answer, balancer?']);
  });

  test('says when nobody or more than one holds the address, and why it cannot come', () => {
    const held = (...held: readonly boolean[]): Endpoint => ({
      provider: 'keepalived',
      server: 'https://10.0.0.9:8443',
      hosts: held.map((held, index) => ({
        host: `cp${index + 1}`,
        answers: true,
        virtualAddress: { held, problem: 'keepalived is failed' },
      })),
    });
    expect(endpointLines(status(held(false)))).toEqual([
      'endpoint: keepalived at https://10.0.0.9:8443, held by no control plane that was reached, answers 1 of 1 node',
      '  cp1: keepalived is failed',
    ]);
    expect(endpointLines(status(held(true, true)))[0]).toContain('held by cp1 and cp2 at once');
  });

  test('is the control plane itself where nothing else is told', () => {
    expect(endpointLines(status({ server: 'https://10.0.0.11:6443', hosts: [{ host: 'cp1', answers: true }] }))).toEqual([
      'endpoint: the control plane itself at https://10.0.0.11:6443, answers 1 of 1 node',
    ]);
  });
});
