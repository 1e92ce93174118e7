import { describe, expect, test } from 'vitest';
import { clusterFileSchema, type ClusterSpec } from '../../../../src/config/index.js';
import {
  calicoDefinitions,
  calicoInput,
  calicoObjects,
  networkMode,
  routeReflectorMarks,
  typhaReplicasFor,
} from '../../../../src/phases/pod-network/index.js';
import { formerCalicoResources } from '../../../../src/phases/pod-network/calico.js';
import { formerNetworkObjects } from '../../../../src/phases/pod-network/former.js';
import { preflightInput } from '../../../../src/phases/preflight/index.js';
import { kernelModulesFor } from '../../../../src/phases/prepare/index.js';
import { clusterImages, imagesFor, loadBuiltInCatalogue, resolveVersions } from '../../../../src/versions/index.js';
import { isBare } from '../../../support/bare-object.js';
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
  test('finds the nodes by the addresses of the file, or by the interface or range it names and by no other', () => {
    const spec = aSpec();
    expect(calicoInput({ spec, images: imagesOf(spec) })).toMatchObject({
      autodetection: 'kubernetes-internal-ip',
      mtu: 0,
      typhaReplicas: 0,
    });
    const other = aSpec({ interface: 'eth0.100' });
    expect(calicoInput({ spec: other, images: imagesOf(other) })).toMatchObject({
      autodetection: 'interface=^eth0\\.100$',
      mtuInterfaces: '^eth0\\.100$',
    });
    const ranged = aSpec({ interfaceCidr: '192.0.2.0/24' });
    expect(calicoInput({ spec: ranged, images: imagesOf(ranged) }).autodetection).toBe('cidr=192.0.2.0/24');
  });

  test('looks at the MTU of links between hosts, joined and bridged ones included, and at no pod’s and no tunnel’s', () => {
    const spec = aSpec();
    const names = new RegExp(calicoInput({ spec, images: imagesOf(spec) }).mtuInterfaces);
    expect(['eth0', 'ens3', 'enp1s0', 'bond0.100', 'team0', 'vlan7', 'br0'].filter((name) => !names.test(name))).toEqual([]);
    const others = ['lo', 'docker0', 'cni0', 'flannel.1', 'vxlan.calico', 'tunl0', 'cali0123456789a', 'veth1', 'virbr0', 'br-0a1b'];
    expect(others.filter((name) => names.test(name))).toEqual([]);
  });

  test.each([
    ['vxlan', 2, 50, '4789/udp', false],
    ['vxlan-cross-subnet', 2, 50, '4789/udp, packets of the pod subnet', false],
    ['ipip', 2, 20, '179/tcp, IP protocol 4', false],
    ['bgp', 2, 0, '179/tcp, packets of the pod subnet', true],
    ['vxlan', 51, 50, '5473/tcp, 4789/udp', false],
  ] as const)(
    '%s with %i nodes: what it costs, and what firewalls have to let through',
    (mode, nodes, overheadBytes, opening, needsOneSegment) => {
      expect(networkMode(aSpec({ calico: { mode } }, nodes))).toMatchObject({ overheadBytes, opening, needsOneSegment });
    },
  );

  test('every object has a field of kbs’s besides its name: only so it is known to be kbs’s when it has to go', () => {
    const spec = aSpec();
    expect(calicoObjects({ ...calicoInput({ spec, images: imagesOf(spec) }), typhaReplicas: 3 }).filter(isBare)).toEqual([]);
  });

  test('its objects are a former network’s where another one is wanted, Typha’s where there are few nodes', () => {
    const named = (spec: ClusterSpec) => formerNetworkObjects(spec).map(({ kind, name }) => `${kind} ${name}`);
    const typha = ['Deployment calico-typha', 'PodDisruptionBudget calico-typha', 'Service calico-typha'];
    const isCalico = (name: string) => /calico/.test(name);
    expect(named(aSpec()).filter(isCalico)).toEqual(typha);
    expect(named(aSpec({}, 51)).filter(isCalico)).toEqual([]);
    const spec = aSpec();
    const made = [...calicoDefinitions(), ...calicoObjects({ ...calicoInput({ spec, images: imagesOf(spec) }), typhaReplicas: 3 })];
    const former = named(aSpec({ type: 'flannel' }));
    expect(made.map(({ kind, metadata }) => `${kind} ${metadata.name}`).filter((name) => !former.includes(name))).toEqual([]);
  });

  test.each([
    [{ mode: 'bgp', routeReflectors: ['n1'] }, []],
    [{ mode: 'bgp' }, ['BGPPeer kbs-route-reflectors']],
    [{ mode: 'ipip' }, ['BGPPeer kbs-route-reflectors']],
    [{ mode: 'vxlan' }, ['BGPPeer kbs-route-reflectors', 'BGPConfiguration default']],
    // Without BGP they reflect nothing.
    [{ mode: 'vxlan-cross-subnet' }, ['BGPPeer kbs-route-reflectors', 'BGPConfiguration default']],
  ])('settings of BGP that %j has no use for are a former mode’s', (calico, former) => {
    const spec = aSpec({ calico });
    expect(formerCalicoResources(calicoInput({ spec, images: imagesOf(spec) })).map(({ kind, name }) => `${kind} ${name}`)).toEqual(former);
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
