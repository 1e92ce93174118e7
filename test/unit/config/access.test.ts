import { expect, test } from 'vitest';
import { controlPlanes, endpointOf, serviceAddress, workers, type ClusterSpec } from '../../../src/config/index.js';
import { aClusterFile, parseFixture, parseText, thrownBy } from './cluster-files.js';

function withServiceSubnet(subnet: string): ClusterSpec {
  return parseText(aClusterFile(`  network: { serviceSubnet: ${subnet} }`)).spec;
}

test('the endpoint is the one of the file, else the only control plane', () => {
  expect(endpointOf(parseFixture('valid-everything').spec)).toEqual({ host: 'k8s.example.org', port: 8443 });
  expect(endpointOf(parseFixture('valid-shortest').spec)).toEqual({ host: '10.0.0.11', port: 6443 });
});

test('service addresses are counted from the start of the subnet, across octets', () => {
  expect(serviceAddress(withServiceSubnet('10.96.0.0/12'), 1)).toBe('10.96.0.1');
  expect(serviceAddress(withServiceSubnet('10.96.0.0/12'), 10)).toBe('10.96.0.10');
  expect(serviceAddress(withServiceSubnet('192.168.7.240/28'), 10)).toBe('192.168.7.250');
  expect(serviceAddress(withServiceSubnet('10.96.0.0/16'), 300)).toBe('10.96.1.44');
  expect(serviceAddress(withServiceSubnet('200.0.0.0/16'), 1)).toBe('200.0.0.1');
});

test('a service address outside the subnet is an error', () => {
  expect(thrownBy(() => serviceAddress(withServiceSubnet('10.96.0.0/28'), 16)).code).toBe('CONFIG_INVALID');
});

test('a host that is both is a control plane, not a worker', () => {
  const { spec } = parseFixture('valid-everything');
  expect(controlPlanes(spec).map((host) => host.name)).toEqual(['cp1', 'cp2', 'cp3']);
  expect(workers(spec).map((host) => host.name)).toEqual(['w1']);
  expect(workers(parseFixture('valid-shortest').spec)).toEqual([]);
});
