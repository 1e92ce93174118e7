import { describe, expect, test } from 'vitest';
import { adminAccess, apiServerNames, controlPlaneNode, endpointAccess, nodeAccess } from '../../../src/phases/access.js';
import { aClusterSpec } from '../../support/cluster-spec.js';
import { memoryHost } from '../../support/memory-host.js';

type Spec = NonNullable<NonNullable<Parameters<typeof aClusterSpec>[0]>['spec']>;

function servers(controlPlaneEndpoint: Spec['controlPlaneEndpoint'], hostName = 'cp2') {
  const spec = aClusterSpec({ controlPlanes: 3, spec: { controlPlaneEndpoint } });
  const host = memoryHost({ name: hostName, address: '10.0.0.12', roles: ['control-plane'] });
  const node = controlPlaneNode(spec, host);
  return {
    outside: endpointAccess(spec, 'CA').server,
    node: nodeAccess(spec, 'CA').server,
    admin: adminAccess(spec, host, 'CA').server,
    names: [...(node.endpointHost === undefined ? [] : [node.endpointHost]), ...apiServerNames(spec)],
  };
}

describe('where the API is looked for', () => {
  test('everybody goes to an endpoint that leads to all control planes', () => {
    const server = 'https://10.0.0.9:8443';
    expect(servers({ host: '10.0.0.9', port: 8443, provider: 'keepalived' })).toEqual({
      outside: server,
      node: server,
      admin: server,
      names: ['10.0.0.9'],
    });
  });

  test('with a load balancer on each node, nodes stay at home and depend on no control plane', () => {
    expect(servers({ provider: 'local-lb' })).toEqual({
      outside: 'https://10.0.0.11:6443',
      node: 'https://127.0.0.1:6443',
      admin: 'https://10.0.0.12:6443',
      names: ['127.0.0.1', 'localhost'],
    });
  });

  test('with a load balancer on each node and a name, the name is for those outside', () => {
    expect(servers({ provider: 'local-lb', host: 'k8s.example.org', port: 443 })).toEqual({
      outside: 'https://k8s.example.org:443',
      node: 'https://127.0.0.1:6443',
      admin: 'https://10.0.0.12:6443',
      names: ['k8s.example.org', '127.0.0.1', 'localhost'],
    });
  });
});
