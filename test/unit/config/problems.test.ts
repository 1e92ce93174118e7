import { describe, expect, test } from 'vitest';
import { aClusterFile, parseFixture, parseText, placesIn, thrownBy } from './cluster-files.js';

/** fixture → every problem it must show, at its place */
const PLACES: Readonly<Record<string, readonly string[]>> = {
  'invalid-unknown-key': ['4:3 spec.kubernetesVerion', '5:3 spec.podSubnet', '7:64 spec.hosts[0].sudoPassword'],
  'invalid-duplicate-address': ['7:28 spec.hosts[2].address'],
  'invalid-duplicate-name': ['6:13 spec.hosts[1].name'],
  'invalid-duplicate-ssh-target': ['7:51 spec.hosts[2].sshAddress'],
  'invalid-no-control-plane': ['4:3 spec.hosts'],
  'invalid-overlapping-subnets': ['6:28 spec.hosts[1].address', '8:16 spec.network.podSubnet'],
  'invalid-endpoint-missing': ['3:1 spec.controlPlaneEndpoint'],
  'invalid-owned-fields': [
    '7:7 spec.kubelet.config.cgroupDriver',
    '8:7 spec.kubelet.config.clusterDNS',
    '9:7 spec.kubelet.config.clusterDomain',
    '10:7 spec.kubelet.config.staticPodPath',
    '11:7 spec.kubelet.config.apiVersion',
    '12:7 spec.kubelet.config.kind',
    '14:18 spec.kubelet.extraArgs["--v"]',
    '14:28 spec.kubelet.extraArgs.node-ip',
  ],
  'invalid-labels-and-taints': [
    '9:9 spec.hosts[0].labels["a b"]',
    '10:9 spec.hosts[0].labels["a/b/c"]',
    '11:9 spec.hosts[0].labels["Upper/name"]',
    '12:15 spec.hosts[0].labels.disk',
    '13:16 spec.hosts[0].labels.count',
    '15:18 spec.hosts[0].taints[0].key',
    '17:11 spec.hosts[0].taints[2]',
  ],
  'invalid-wrong-types': [
    '1:13 apiVersion',
    '4:22 spec.kubernetesVersion',
    '5:3 spec.ssh',
    '6:3 spec.hosts',
    '8:33 spec.network.kubeProxy.mode',
    '9:29 spec.preparation.hostsFile',
    '10:24 spec.artifacts.source',
  ],
};

describe('a file with problems', () => {
  test.each(Object.entries(PLACES))('%s shows each of them at its line and column', (fixture, places) => {
    const error = thrownBy(() => parseFixture(fixture));
    expect(error).toMatchObject({ code: 'CONFIG_INVALID', exit: 3 });
    expect(placesIn(error)).toEqual(places);
  });

  test.each([
    ['invalid-yaml-syntax', '5:1'],
    ['invalid-yaml-tab', '4:1'],
    ['invalid-yaml-duplicate-key', '5:3'],
    ['invalid-yaml-two-documents', '5:1'],
    ['invalid-yaml-alias-bomb', '1:1'],
    ['invalid-yaml-alias-to-itself', '5:30'],
    ['invalid-empty', '1:1'],
  ])('%s is refused at the place where YAML goes wrong', (fixture, place) => {
    const error = thrownBy(() => parseFixture(fixture));
    expect(error.code).toBe('CONFIG_INVALID');
    expect(error.details[0]).toMatch(new RegExp(`^c\\.yaml:${place} \\S`));
  });

  test('a key that is there twice does not hide other problems', () => {
    expect(placesIn(thrownBy(() => parseFixture('invalid-yaml-duplicate-key')))).toContain('5:33 spec.hosts[0].address');
  });

  test('each line names the file, the place, the field and what is wrong', () => {
    const [detail] = thrownBy(() => parseFixture('invalid-duplicate-address')).details;
    expect(detail).toBe('c.yaml:7:28 spec.hosts[2].address — the address 10.0.0.21 is that of spec.hosts[1].address too');
  });
});

describe('an unknown key', () => {
  const messageFor = (lines: string): string => thrownBy(() => parseText(aClusterFile(lines))).details.join('\n');

  test('comes with the nearest known key', () => {
    expect(messageFor('  kubernetesVerion: v1.25.0')).toContain('did you mean kubernetesVersion?');
    expect(messageFor('  network: { cni: { backed: vxlan } }')).toContain('did you mean backend?');
  });

  test('comes with the place where a field of that name belongs', () => {
    expect(messageFor('  podSubnet: 10.244.0.0/16')).toContain('it belongs at spec.network.podSubnet');
  });

  test('of another source of artifacts comes with the keys of the chosen one', () => {
    expect(messageFor('  artifacts: { source: bundle, pth: b }')).toContain('did you mean path?');
  });

  test('that looks like a secret comes with where secrets go instead', () => {
    expect(messageFor('  ssh: { password: hunter2 }')).toContain('KBS_SUDO_PASSWORD');
    expect(messageFor('  ssh: { password: hunter2 }')).not.toContain('hunter2');
  });
});

describe('the version asked for', () => {
  test.each(['v1.24.0', 'v1.27.0', 'v1.25.99', 'v1.25.17', 'v1.26.0', 'latest', 'v1.25.01', 'v1.25.0-rc.1'])(
    '%s is refused with what is supported',
    (version) => {
      const error = thrownBy(() => parseText(aClusterFile(`  kubernetesVersion: ${version}`)));
      expect(error.details[0]).toContain('v1.25.0 to v1.25.16');
    },
  );

  test.each(['v1.25.0', 'v1.25.16'])('%s is taken', (version) => {
    expect(parseText(aClusterFile(`  kubernetesVersion: ${version}`)).spec.kubernetesVersion).toBe(version);
  });

  test('without its v is refused with the right way to write it', () => {
    expect(thrownBy(() => parseText(aClusterFile('  kubernetesVersion: 1.25.4'))).details[0]).toContain('write v1.25.4');
  });
});

describe('addresses and subnets', () => {
  const network = (fields: string): string => aClusterFile(`  network: { ${fields} }`);

  test.each([
    'podSubnet: 10.244.0.0/25', // smaller than the /24 of one node
    'podSubnet: 172.0.0.0/7', // node mask minus pod mask above 16
    'podSubnet: 10.244.1.0/16', // host bits
    'podSubnet: 10.244.0.0', // no prefix
    'podSubnet: 10.244.0.0/33',
    'podSubnet: fd00::/64',
    "podSubnet: '10.244.0.0/16,fd00::/64'",
    'serviceSubnet: 10.96.0.0/29', // 8 addresses; 10 are needed
    'serviceSubnet: 172.0.0.0/11', // 21 host bits
    'serviceSubnet: services',
  ])('%s is refused', (fields) => {
    expect(placesIn(thrownBy(() => parseText(network(fields))))).toEqual([expect.stringContaining('spec.network.')]);
  });

  test.each(['podSubnet: 172.16.0.0/24', 'podSubnet: 172.16.0.0/12', 'serviceSubnet: 192.168.0.0/28', 'serviceSubnet: 172.16.0.0/12'])(
    '%s is taken',
    (fields) => {
      expect(parseText(network(fields)).warnings).toEqual([]);
    },
  );

  test('more hosts than the pod subnet has room for are refused', () => {
    const hosts = '  hosts:\n    - { name: a, address: 10.0.0.1, roles: [control-plane] }\n    - { name: b, address: 10.0.0.2 }';
    const error = thrownBy(() => parseText(aClusterFile(`${hosts}\n  network: { podSubnet: 172.16.0.0/24 }`)));
    expect(placesIn(error)).toEqual(['7:25 spec.network.podSubnet']);
  });

  test.each(['127.0.0.1', '0.0.0.0', '224.0.0.1', 'fd00::1', 'cp1.example.org', '10.0.0', '10.0.0.256', '010.0.0.1'])(
    'the host address %s is refused',
    (address) => {
      const error = thrownBy(() => parseText(aClusterFile(`  hosts: [{ name: a, address: '${address}', roles: [control-plane] }]`)));
      expect(placesIn(error)).toEqual(['4:31 spec.hosts[0].address']);
    },
  );

  test.each(['https://k8s.example.org', 'k8s.example.org:6443', 'UPPER.example.org', '10.0.0.300'])(
    'the endpoint host %s is refused',
    (host) => {
      const error = thrownBy(() => parseText(aClusterFile(`  controlPlaneEndpoint: { host: '${host}' }`)));
      expect(placesIn(error)).toEqual(['5:33 spec.controlPlaneEndpoint.host']);
    },
  );

  test.each([
    ["{ host: '10.0.0.11', provider: keepalived, port: 8443 }", '5:33 spec.controlPlaneEndpoint.host', /cp1/],
    ["{ host: '10.0.0.11', provider: kube-vip }", '5:33 spec.controlPlaneEndpoint.host', /belongs to no host/],
    ["{ host: '10.244.0.9', provider: keepalived, port: 8443 }", '5:33 spec.controlPlaneEndpoint.host', /inside the pod subnet/],
    ["{ host: '10.96.0.9', provider: kube-vip }", '5:33 spec.controlPlaneEndpoint.host', /inside the service subnet/],
    ['{ host: k8s.example.org, provider: kube-vip }', '5:33 spec.controlPlaneEndpoint.host', /IPv4 address/],
    ['{ host: 127.0.0.1, provider: kube-vip }', '5:33 spec.controlPlaneEndpoint.host', /loopback/],
    ['{ provider: keepalived, port: 8443 }', '5:3 spec.controlPlaneEndpoint.host', /is missing/],
    ['{ port: 6443 }', '5:3 spec.controlPlaneEndpoint.host', /is missing/],
    ['{ host: 10.0.0.9, provider: keepalived }', '5:53 spec.controlPlaneEndpoint.provider', /6443 is taken by the API servers/],
    ['{ host: 10.0.0.9, port: 6443, provider: keepalived }', '5:49 spec.controlPlaneEndpoint.port', /8443/],
    ['{ host: 10.0.0.9, port: 2379, provider: keepalived }', '5:49 spec.controlPlaneEndpoint.port', /etcd/],
    ['{ host: 10.0.0.9, port: 30443, provider: keepalived }', '5:49 spec.controlPlaneEndpoint.port', /ports of services/],
    ['{ host: 10.0.0.9, port: 8443, provider: kube-vip }', '5:49 spec.controlPlaneEndpoint.port', /must be 6443/],
    ['{ port: 8443, provider: local-lb }', '5:33 spec.controlPlaneEndpoint.port', /must be 6443 without a host/],
    ['{ provider: local-lb, interface: eth0 }', '5:47 spec.controlPlaneEndpoint.interface', /only with kube-vip and keepalived/],
    [
      '{ host: 10.0.0.9, provider: kube-vip, virtualRouterId: 7 }',
      '5:63 spec.controlPlaneEndpoint.virtualRouterId',
      /only with keepalived/,
    ],
    ['{ host: 10.0.0.9, port: 8443, provider: keepalived, virtualRouterId: 256 }', '5:94 spec.controlPlaneEndpoint.virtualRouterId', /255/],
    ['{ host: 10.0.0.9, provider: keepalive }', '5:53 spec.controlPlaneEndpoint.provider', /did you mean keepalived/],
  ])('the endpoint %s is refused at %s', (endpoint, place, words) => {
    const error = thrownBy(() => parseText(aClusterFile(`  controlPlaneEndpoint: ${endpoint}`)));
    expect(placesIn(error)).toEqual([place]);
    expect(error.details[0]).toMatch(words);
  });

  test.each([
    '{ provider: local-lb }',
    '{ host: 10.0.0.11, provider: local-lb }',
    '{ host: k8s.example.org, port: 443, provider: local-lb }',
    '{ host: 10.0.0.9, port: 8443, provider: keepalived, virtualRouterId: 7, interface: bond0 }',
    '{ host: 10.0.0.9, provider: kube-vip, interface: bond0 }',
  ])('the endpoint %s is taken', (endpoint) => {
    expect(parseText(aClusterFile(`  controlPlaneEndpoint: ${endpoint}`)).warnings).toEqual([]);
  });

  test('a load balancer on each node is endpoint enough for several control planes', () => {
    const hosts = [11, 12, 13].map((n) => `    - { name: cp${n}, address: 10.0.0.${n}, roles: [control-plane, worker] }`).join('\n');
    expect(parseText(aClusterFile(`  hosts:\n${hosts}\n  controlPlaneEndpoint: { provider: local-lb }`)).warnings).toEqual([]);
  });
});
