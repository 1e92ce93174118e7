import { describe, expect, test } from 'vitest';
import { aClusterFile, parseText, placesIn, thrownBy } from './cluster-files.js';

const cni = (fields: string): string => aClusterFile(`  network: { cni: { ${fields} } }`);
const refused = (fields: string): readonly string[] => thrownBy(() => parseText(cni(fields))).details;

describe('Calico in a cluster file', () => {
  test.each(['vxlan', 'vxlan-cross-subnet', 'ipip', 'bgp'])('takes the mode %s', (mode) => {
    const { spec, warnings } = parseText(cni(`type: calico, calico: { mode: ${mode} }`));
    expect(spec.network.cni).toMatchObject({ type: 'calico', calico: { mode, asNumber: 64512, routeReflectors: [] } });
    expect(warnings).toEqual([]);
  });

  test('takes the interface between hosts by name or by range', () => {
    expect(parseText(cni('type: calico, interfaceCidr: 192.0.2.0/24')).spec.network.cni).toMatchObject({ interfaceCidr: '192.0.2.0/24' });
    expect(parseText(cni('type: calico, interface: eth1')).spec.network.cni).toMatchObject({ interface: 'eth1' });
  });

  test.each([
    ['type: calico, backend: vxlan', /cni\.backend — is flannel’s: set calico\.mode/],
    ['type: calico, version: v0.22.3', /cni\.version — is flannel’s/],
    ['type: calico, mtu: 1400', /cni\.mtu — is flannel’s: set calico\.mtu/],
    ['type: calico, interface: eth1, interfaceCidr: 192.0.2.0/24', /interfaceCidr — says the same as interface/],
    ['type: calico, calico: { routeReflectors: [cp1] }', /routeReflectors — go with mode ipip or bgp only: mode vxlan/],
    ['type: calico, calico: { mode: bgp, routeReflectors: [nobody] }', /routeReflectors\[0\] — nobody is no host of this file/],
  ])('%s is refused', (fields, told) => {
    expect(refused(fields)).toEqual([expect.stringMatching(told)]);
  });

  test('an unknown mode is refused at its place', () => {
    expect(placesIn(thrownBy(() => parseText(cni('type: calico, calico: { mode: vxlam }'))))).toEqual([
      expect.stringContaining('spec.network.cni.calico.mode'),
    ]);
  });

  test('settings of Calico without Calico are probably not meant', () => {
    expect(parseText(cni('calico: { mode: bgp }')).warnings).toEqual([expect.stringContaining('has no effect without type: calico')]);
  });
});
