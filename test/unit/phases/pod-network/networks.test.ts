import { describe, expect, test } from 'vitest';
import {
  addressPattern,
  flannelCniConfig,
  flannelInput,
  flannelObjects,
  kubeRouterInput,
  kubeRouterObjects,
  networkLink,
  networkMode,
  podMtu,
} from '../../../../src/phases/pod-network/index.js';
import type { KubeObject } from '../../../../src/kube/index.js';
import type { ClusterImages, ComponentVersions } from '../../../../src/versions/index.js';
import { aClusterSpec } from '../../../support/cluster-spec.js';
import { isBare } from '../../../support/bare-object.js';

const FLANNEL = { version: 'v0.22.3', podSubnet: '10.244.0.0/16', image: 'flannel', cniPluginImage: 'plugin' };

interface Fields {
  readonly initContainers?: readonly { readonly name: string; readonly args?: readonly string[] }[];
  readonly containers: readonly {
    readonly args: readonly string[];
    readonly env: readonly { readonly name: string; readonly value?: string }[];
    readonly securityContext: { readonly privileged: boolean };
  }[];
}

function podOf(objects: readonly KubeObject[]): Fields {
  const daemonSet = objects.find(({ kind }) => kind === 'DaemonSet');
  return (daemonSet?.['spec'] as { template: { spec: Fields } }).template.spec;
}

function backendOf(objects: readonly KubeObject[]): unknown {
  const { data } = objects.find(({ kind }) => kind === 'ConfigMap') as unknown as { data: Record<string, string> };
  return (JSON.parse(data['net-conf.json'] ?? '{}') as { Backend: unknown }).Backend;
}

/** Where a pod of a network asks the API, as far as its manifest says so. */
function askedApi(objects: readonly KubeObject[]): unknown {
  const env = podOf(objects).containers[0]?.env ?? [];
  return ['HOST', 'PORT'].map((part) => env.find(({ name }) => name === `KUBERNETES_SERVICE_${part}`)?.value);
}

describe('flannel', () => {
  test.each([
    ['vxlan', { Type: 'vxlan', Port: 8472 }, false],
    ['host-gw', { Type: 'host-gw' }, false],
    ['udp', { Type: 'udp', Port: 8285 }, true],
  ] as const)('with backend %s has its configuration, and the device of udp', (backend, expected, privileged) => {
    const objects = flannelObjects({ ...FLANNEL, backend });
    expect(backendOf(objects)).toEqual(expected);
    expect(podOf(objects).containers[0]?.securityContext.privileged).toBe(privileged);
  });

  test('brings plugin and CNI configuration in one container, the configuration last', () => {
    const [container, ...others] = podOf(flannelObjects({ ...FLANNEL, backend: 'vxlan' })).initContainers ?? [];
    expect(others).toEqual([]);
    expect(container).toMatchObject({ name: 'install-cni', image: 'plugin' });
    expect(container?.args?.join()).toMatch(/ \/opt\/cni\/bin\/flannel && .* \/etc\/cni\/net\.d\/10-flannel\.conflist$/);
  });

  test('asks the API where it is told to, and by its service else', () => {
    const api = { host: '10.0.0.11', port: 6443 };
    expect(askedApi(flannelObjects({ ...FLANNEL, backend: 'vxlan', api }))).toEqual(['10.0.0.11', '6443']);
    expect(askedApi(flannelObjects({ ...FLANNEL, backend: 'vxlan' }))).toEqual([undefined, undefined]);
  });

  test.each([
    ['the control-plane endpoint', { host: 'api.example.org', port: 8443, provider: 'external' }, { host: 'api.example.org', port: 8443 }],
    ['what answers on the node itself', { provider: 'local-lb' }, { host: '127.0.0.1', port: 6443 }],
  ] as const)('and kube-router ask %s: its service answers only when kube-proxy has been there', (_where, controlPlaneEndpoint, api) => {
    const spec = aClusterSpec({ controlPlanes: 3, spec: { controlPlaneEndpoint } });
    const images = { flannel: 'flannel', flannelCniPlugin: 'plugin', kubeRouter: 'kube-router' } as ClusterImages;
    expect(flannelInput({ spec, images, versions: { flannel: 'v0.22.3' } as ComponentVersions }).api).toEqual(api);
    expect(kubeRouterInput({ spec, images }).api).toEqual(api);
  });

  test('looks for its interface where the file says', () => {
    const args = (choice: object) => podOf(flannelObjects({ ...FLANNEL, backend: 'vxlan', ...choice })).containers[0]?.args.at(-1);
    expect(args({})).toBe('--iface=$(HOST_IP)');
    expect(args({ interface: 'eth1' })).toBe('--iface=eth1');
    expect(args({ interfaceCidr: '192.0.2.0/24' })).toBe('--iface-regex=^192\\.0\\.2\\.[0-9]+$');
  });
});

test.each([
  ['10.0.4.0/22', ['10.0.4.1', '10.0.7.254'], ['10.0.3.255', '10.0.8.1', '10.0.41.1']],
  ['192.0.2.128/25', ['192.0.2.128', '192.0.2.255'], ['192.0.2.127', '192.0.3.200', '1192.0.2.200']],
  ['192.0.2.7/32', ['192.0.2.7'], ['192.0.2.70', '192.0.2.8']],
  ['10.0.0.0/8', ['10.255.0.1'], ['11.0.0.1', '110.0.0.1']],
])('the pattern of %s fits its addresses and no others', (cidr, inside, outside) => {
  const pattern = new RegExp(addressPattern(cidr));
  expect(inside.filter((address) => !pattern.test(address))).toEqual([]);
  expect(outside.filter((address) => pattern.test(address))).toEqual([]);
});

describe('kube-router', () => {
  const INPUT = { image: 'kube-router', serviceSubnet: '10.96.0.0/12', api: { host: 'fd00::10', port: 8443 } };

  test('as a policy engine routes nothing and touches no CNI configuration', () => {
    const objects = kubeRouterObjects({ ...INPUT, routes: false, enforcesPolicies: true });
    expect(podOf(objects).containers[0]?.args).toEqual([
      '--run-service-proxy=false',
      '--run-router=false',
      '--run-firewall=true',
      '--enable-cni=false',
      '--service-cluster-ip-range=10.96.0.0/12',
    ]);
    expect(podOf(objects).initContainers).toBeUndefined();
    expect(objects.some(({ kind }) => kind === 'ConfigMap')).toBe(false);
  });

  test('every object has a field of kbs’s besides its name: only so it is known to be kbs’s when it has to go', () => {
    expect(kubeRouterObjects({ ...INPUT, routes: true, enforcesPolicies: true }).filter(isBare)).toEqual([]);
  });

  test('as the pod network routes without encapsulation and brings its CNI configuration', () => {
    const objects = kubeRouterObjects({ ...INPUT, routes: true, enforcesPolicies: false });
    expect(podOf(objects).containers[0]?.args).toEqual(
      expect.arrayContaining(['--run-router=true', '--run-firewall=false', '--enable-overlay=false', '--run-service-proxy=false']),
    );
    expect(podOf(objects).initContainers?.map(({ name }) => name)).toEqual(['install-cni']);
    expect(askedApi(objects)).toEqual(['fd00::10', '8443']);
    expect(objects.filter(({ kind }) => kind === 'ConfigMap')).toHaveLength(1);
  });
});

describe('the link of a host', () => {
  const interfaces = [
    { name: 'eth0', mac: '', mtu: 1500, addresses: ['10.0.0.11', 'fd00::11'] },
    { name: 'eth1', mac: '', mtu: 9000, addresses: ['fd00::2', '192.0.2.11'] },
  ];

  test.each([
    [{}, { name: 'eth0', mtu: 1500, address: '10.0.0.11' }],
    [{ interface: 'eth1' }, { name: 'eth1', mtu: 9000, address: '192.0.2.11' }],
    [{ interfaceCidr: '192.0.2.0/24' }, { name: 'eth1', mtu: 9000, address: '192.0.2.11' }],
    [{ interface: 'eth2' }, undefined],
    [{ interfaceCidr: '198.51.100.0/24' }, undefined],
  ])('%o', (choice, expected) => {
    expect(networkLink({ interfaces }, '10.0.0.11', choice)).toEqual(expected);
  });

  test('a network that is none of kbs’s has no mode', () => {
    expect(networkMode(aClusterSpec({ spec: { network: { cni: { type: 'none' } } } }))).toBeUndefined();
    expect(networkMode(aClusterSpec())).toMatchObject({ bridge: 'cni0', tunnel: 'flannel.1', overheadBytes: 50 });
  });

  test.each([
    [{}, 1450],
    [{ backend: 'host-gw' }, 1500],
    [{ backend: 'udp' }, 1472],
    [{ mtu: 1400 }, 1400],
    [{ type: 'calico' }, undefined],
    [{ type: 'calico', calico: { mtu: 1400 } }, 1400],
    [{ type: 'none' }, undefined],
  ] as const)('pods have an MTU: %o', (cni, expected) => {
    expect(podMtu(aClusterSpec({ spec: { network: { cni } } }), 1500)).toBe(expected);
  });

  test('an MTU of the cluster file is in flannel’s CNI configuration, and none where it says nothing', () => {
    expect(JSON.parse(flannelCniConfig(1400))).toMatchObject({ plugins: [{ type: 'flannel', delegate: { mtu: 1400 } }, {}] });
    expect(flannelCniConfig()).not.toContain('mtu');
  });
});
