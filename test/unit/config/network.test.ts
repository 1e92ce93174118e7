import { describe, expect, test } from 'vitest';
import { aClusterFile, parseText, placesIn, thrownBy } from './cluster-files.js';

const network = (fields: string): string => aClusterFile(`  network: { ${fields} }`);

describe('the pod network of a cluster file', () => {
  test.each([
    ['cni: { backend: host-gw }', { cni: { type: 'flannel', backend: 'host-gw' } }],
    ['cni: { backend: udp, interfaceCidr: 192.0.2.0/24 }', { cni: { backend: 'udp', interfaceCidr: '192.0.2.0/24' } }],
    ['cni: { backend: host-gw, mtu: 1400 }', { cni: { backend: 'host-gw', mtu: 1400 } }],
    ['networkPolicy: { engine: kube-router }', { cni: { type: 'flannel' }, networkPolicy: { engine: 'kube-router' } }],
    ['cni: { type: custom, manifests: [net, /etc/net.yaml] }', { cni: { type: 'custom', manifests: ['/base/net', '/etc/net.yaml'] } }],
    ['cni: { type: kube-router }', { cni: { type: 'kube-router' }, networkPolicy: { engine: 'none' } }],
  ])('%s is understood', (fields, expected) => {
    const { spec, warnings } = parseText(network(fields));
    expect(spec.network).toMatchObject(expected);
    expect(warnings).toEqual([]);
  });

  test.each([
    ['cni: { backend: wireguard }', 'spec.network.cni.backend', /vxlan/],
    [
      'cni: { type: kube-router, backend: host-gw }',
      'spec.network.cni.backend',
      /has no meaning with type: kube-router, only with flannel/,
    ],
    ['cni: { type: custom }', 'spec.network.cni.type', /custom needs manifests/],
    ['cni: { type: none, manifests: [net] }', 'spec.network.cni.manifests', /has no meaning with type: none, only with custom/],
    ['cni: { type: none, interface: eth1 }', 'spec.network.cni.interface', /only with flannel/],
    ['cni: { interface: eth1, interfaceCidr: 192.0.2.0/24 }', 'spec.network.cni.interfaceCidr', /says the same as interface/],
    ['cni: { interfaceCidr: 192.0.2.1/24 }', 'spec.network.cni.interfaceCidr', /write 192\.0\.2\.0\/24/],
    ['cni: { mtu: 1000 }', 'spec.network.cni.mtu', /1280/],
    ['cni: { type: kube-router, mtu: 1400 }', 'spec.network.cni.mtu', /only with flannel/],
    ['networkPolicy: { engine: calico }', 'spec.network.networkPolicy.engine', /kube-router/],
    ['podSubnet: "fd00:10:244::/56"', 'spec.network.podSubnet', /kbs makes IPv4 clusters only/],
    ['podSubnet: "10.244.0.0/16,fd00:10:244::/56"', 'spec.network.podSubnet', /single-stack clusters only/],
  ])('%s is refused', (fields, place, why) => {
    const error = thrownBy(() => parseText(network(fields)));
    expect(placesIn(error)).toEqual([expect.stringContaining(place)]);
    expect(error.details.join('\n')).toMatch(why);
  });
});
