import { describe, expect, test } from 'vitest';
import { clusterFileSchema, type ClusterSpec } from '../../../../src/config/index.js';
import { calicoInput, routeReflectorMarks, typhaReplicasFor } from '../../../../src/phases/pod-network/index.js';
import { preflightInput } from '../../../../src/phases/preflight/index.js';
import { kernelModulesFor } from '../../../../src/phases/prepare/index.js';
import { clusterImages, imagesFor, loadBuiltInCatalogue, resolveVersions } from '../../../../src/versions/index.js';
import { memoryHost } from '../../../support/memory-host.js';

function aSpec(calico: Readonly<Record<string, unknown>> = {}, nodes = 2): ClusterSpec {
  const hosts = Array.from({ length: nodes }, (_, index) => ({
    name: `n${index + 1}`,
    address: `10.0.${Math.floor(index / 200)}.${(index % 200) + 1}`,
    roles: [index === 0 ? 'control-plane' : 'worker'],
  }));
  const file = { apiVersion: 'kbs.dev/v1alpha1', kind: 'Cluster', spec: { hosts, network: { cni: { type: 'calico', ...calico } } } };
  const { spec, metadata } = clusterFileSchema.parse(file);
  return { ...spec, name: metadata.name };
}

function imagesOf(spec: ClusterSpec) {
  return clusterImages(spec, resolveVersions(spec, loadBuiltInCatalogue()));
}

describe('Calico for a cluster file', () => {
  test('finds the nodes by the addresses of the file, or by the interface it names and by no other', () => {
    const spec = aSpec();
    expect(calicoInput({ spec, images: imagesOf(spec) })).toMatchObject({
      autodetection: 'kubernetes-internal-ip',
      mtu: 0,
      typhaReplicas: 0,
    });
    const other = aSpec({ interface: 'eth0.100' });
    expect(calicoInput({ spec: other, images: imagesOf(other) }).autodetection).toBe('interface=^eth0\\.100$');
  });

  test.each([
    [50, 0],
    [51, 3],
    [600, 3],
    [900, 5],
    [9000, 20],
  ])('%i nodes have %i Typhas', (nodes, replicas) => {
    expect(typhaReplicasFor(nodes)).toBe(replicas);
  });

  test('its images are on every host; Typha’s only where there is one', () => {
    const few = aSpec();
    const names = (spec: ClusterSpec) => imagesFor('worker', spec, imagesOf(spec));
    expect(names(few)).toEqual(expect.arrayContaining(['docker.io/calico/node:v3.25.2', 'docker.io/calico/cni:v3.25.2']));
    expect(names(few).join(' ')).not.toMatch(/typha|flannel/);
    expect(names(aSpec({}, 51))).toContain('docker.io/calico/typha:v3.25.2');
  });

  test.each([
    ['vxlan', ['vxlan'], [9099]],
    ['vxlan-cross-subnet', ['vxlan'], [9099]],
    ['ipip', ['ipip'], [9099, 179]],
    ['bgp', [], [9099, 179]],
  ] as const)('%s: the kernel’s tunnel and the ports it needs', (mode, tunnels, ports) => {
    const spec = aSpec({ calico: { mode } });
    const names = kernelModulesFor(spec).map(({ name }) => name);
    expect(names.filter((name) => name === 'vxlan' || name === 'ipip')).toEqual(tunnels);
    const input = preflightInput(spec, memoryHost({ name: 'n2', address: '10.0.0.2' }));
    expect(input.ports.map(({ port }) => port).filter((port) => [9099, 179, 5473].includes(port))).toEqual(ports);
    const needs = input.kernelNeeds.flatMap(({ anyOf }) => anyOf.map(({ name }) => name));
    expect(needs).toEqual(expect.arrayContaining(['bpf', 'ip_set', 'xt_set', 'xt_mark']));
    expect(input.furtherCommands).toEqual(['ipset']);
  });

  test('route reflectors are marked, others are not', () => {
    const spec = aSpec({ calico: { mode: 'bgp', routeReflectors: ['n1'] } });
    expect(routeReflectorMarks(spec, 'n1')).toEqual({
      labels: { 'kbs.dev/route-reflector': '' },
      annotations: { 'projectcalico.org/RouteReflectorClusterID': '244.0.0.1' },
    });
    expect(routeReflectorMarks(spec, 'n2')).toEqual({ labels: {}, annotations: {} });
  });
});
