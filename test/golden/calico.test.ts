import { describe, expect, test } from 'vitest';
import type { KubeObject } from '../../src/kube/index.js';
import { calicoDefinitions, calicoObjects, calicoResources, type CalicoInput } from '../../src/phases/pod-network/index.js';
import { printYaml } from '../../src/yaml/index.js';

const repository = 'docker.io/calico';
const VXLAN: CalicoInput = {
  mode: 'vxlan',
  podSubnet: '10.244.0.0/16',
  blockSize: 26,
  asNumber: 64512,
  hasRouteReflectors: false,
  mtu: 0,
  autodetection: 'kubernetes-internal-ip',
  mtuInterfaces: '^eth.*',
  typhaReplicas: 0,
  api: { host: 'api.example.org', port: 6443 },
  images: {
    node: `${repository}/node:v3.25.2`,
    cni: `${repository}/cni:v3.25.2`,
    kubeControllers: `${repository}/kube-controllers:v3.25.2`,
    typha: `${repository}/typha:v3.25.2`,
  },
};

const CASES: Readonly<Record<string, CalicoInput>> = {
  vxlan: VXLAN,
  'vxlan-cross-subnet': { ...VXLAN, mode: 'vxlan-cross-subnet', mtu: 1400, autodetection: 'interface=^eth1$' },
  ipip: { ...VXLAN, mode: 'ipip' },
  bgp: { ...VXLAN, mode: 'bgp', asNumber: 65001 },
  'bgp-large': { ...VXLAN, mode: 'bgp', hasRouteReflectors: true, typhaReplicas: 3 },
};

function textOf(objects: readonly KubeObject[]): string {
  return objects.map((object) => printYaml(object)).join('---\n');
}

describe('Calico', () => {
  test.each(Object.entries(CASES))('%s: every object is what it was', async (name, input) => {
    await expect(textOf([...calicoResources(input), ...calicoObjects(input)])).toMatchFileSnapshot(`calico/${name}.yaml`);
  });

  test('calico-node may ask for what releases before v3 have left: it stops when it may not', () => {
    const role = calicoObjects(VXLAN).find(({ kind, metadata }) => kind === 'ClusterRole' && metadata.name === 'calico-node');
    const rules = role?.['rules'] as readonly { readonly resources: readonly string[]; readonly verbs: readonly string[] }[];
    for (const kind of ['globalfelixconfigs', 'globalbgpconfigs'])
      expect(rules.filter(({ resources }) => resources.includes(kind)).flatMap(({ verbs }) => verbs)).toEqual(['get', 'list', 'watch']);
  });

  test('the definitions of its kinds are what they were', async () => {
    await expect(textOf(calicoDefinitions())).toMatchFileSnapshot('calico/definitions.yaml');
  });

  test.each([
    ['vxlan', 'Always', 'Never', 'vxlan'],
    ['vxlan-cross-subnet', 'CrossSubnet', 'Never', 'vxlan'],
    ['ipip', 'Never', 'Always', 'bird'],
    ['bgp', 'Never', 'Never', 'bird'],
  ] as const)('%s: pool, back end and probes fit together', (mode, vxlanMode, ipipMode, backend) => {
    const input = { ...VXLAN, mode };
    const [pool] = calicoResources(input);
    expect(pool).toMatchObject({ kind: 'IPPool', spec: { cidr: '10.244.0.0/16', vxlanMode, ipipMode } });
    const objects = calicoObjects(input);
    expect(objects.find(({ kind }) => kind === 'ConfigMap')).toMatchObject({ data: { calico_backend: backend } });
    const node = textOf(objects.filter(({ kind }) => kind === 'DaemonSet'));
    expect(node.includes('-bird-ready')).toBe(backend === 'bird');
    expect(node).toContain('-felix-ready');
  });

  test('its configuration for the CNI is JSON once the host’s words are in it', () => {
    const { data } = calicoObjects(VXLAN).find(({ kind }) => kind === 'ConfigMap') as unknown as { data: Record<string, string> };
    const text = data['cni_network_config']?.replace('__CNI_MTU__', '1450') ?? '';
    expect(JSON.parse(text)).toMatchObject({ plugins: [{ type: 'calico', mtu: 1450, ipam: { type: 'calico-ipam' } }, {}, {}] });
  });
});
