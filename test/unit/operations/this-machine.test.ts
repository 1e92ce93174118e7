import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { NetworkInterfaceInfo } from 'node:os';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { joinWords } from '../../../src/operations/join-words.js';
import { chooseAddress, nodeNameHere } from '../../../src/operations/this-machine/address.js';
import { initSpec, type InitSettings } from '../../../src/operations/this-machine/init-spec.js';
import { parseJoinEndpoint } from '../../../src/operations/this-machine/join-endpoint.js';
import { joinSpec, type ClusterFacts, type JoinSettings } from '../../../src/operations/this-machine/join-spec.js';
import { parseTokenTtl } from '../../../src/operations/token-ttl.js';
import { parseBootstrapToken } from '../../../src/pki/index.js';
import { Secret } from '../../../src/secret/index.js';

const MACHINE = { name: 'cp1', address: '10.0.0.11' };
const directory = mkdtempSync(join(tmpdir(), 'kbs-here-'));
afterAll(() => rmSync(directory, { recursive: true }));

const NOTHING: InitSettings = {
  fragmentFile: undefined,
  advertiseAddress: undefined,
  controlPlaneEndpoint: undefined,
  podSubnet: undefined,
  serviceSubnet: undefined,
  dnsDomain: undefined,
  kubernetesVersion: undefined,
  nodeName: undefined,
  imageRepository: undefined,
  bundle: undefined,
  mirror: undefined,
};

function fragment(name: string, text: string): string {
  const file = join(directory, name);
  writeFileSync(file, text);
  return file;
}

function problemsOf(error: unknown): { readonly code: string; readonly details: readonly string[] } {
  return error as { code: string; details: readonly string[] };
}

describe('a cluster of flags', () => {
  test('without any flag has every default, and this machine as its only control plane', async () => {
    const { spec, warnings } = await initSpec(NOTHING, MACHINE);
    expect(spec).toMatchObject({
      name: 'kubernetes',
      hosts: [{ name: 'cp1', address: '10.0.0.11', roles: ['control-plane'] }],
      network: { podSubnet: '10.244.0.0/16', serviceSubnet: '10.96.0.0/12', dnsDomain: 'cluster.local', cni: { type: 'flannel' } },
      artifacts: { source: 'upstream' },
    });
    expect(spec.controlPlaneEndpoint).toBeUndefined();
    expect(warnings).toEqual([]);
  });

  test('is what the flags say', async () => {
    const { spec } = await initSpec(
      {
        ...NOTHING,
        controlPlaneEndpoint: 'k8s.example.org:7443',
        podSubnet: '10.32.0.0/16',
        serviceSubnet: '10.64.0.0/16',
        dnsDomain: 'example.org',
        kubernetesVersion: 'v1.25.3',
        imageRepository: 'registry.example.org/k8s',
        mirror: 'https://mirror.example.org',
      },
      MACHINE,
    );
    expect(spec).toMatchObject({
      kubernetesVersion: 'v1.25.3',
      imageRepository: 'registry.example.org/k8s',
      controlPlaneEndpoint: { host: 'k8s.example.org', port: 7443 },
      network: { podSubnet: '10.32.0.0/16', serviceSubnet: '10.64.0.0/16', dnsDomain: 'example.org' },
      artifacts: { source: 'mirror', url: 'https://mirror.example.org' },
    });
  });

  test('takes what has no flag from a fragment, and flags win over it', async () => {
    const file = fragment(
      'good.yaml',
      'metadata: { name: demo }\nspec:\n  network: { podSubnet: 10.1.0.0/16, dnsDomain: a.example }\n  kubelet: { config: { maxPods: 40 } }\n',
    );
    const { spec } = await initSpec({ ...NOTHING, fragmentFile: file, podSubnet: '10.32.0.0/16' }, MACHINE);
    expect(spec).toMatchObject({
      name: 'demo',
      network: { podSubnet: '10.32.0.0/16', dnsDomain: 'a.example' },
      kubelet: { config: { maxPods: 40 } },
    });
  });

  test('takes artifacts wholly from the flag, not half from the fragment', async () => {
    const file = fragment('mirror.yaml', 'spec: { artifacts: { source: mirror, url: https://mirror.example.org } }\n');
    const { spec } = await initSpec({ ...NOTHING, fragmentFile: file, bundle: directory }, MACHINE);
    expect(spec.artifacts).toEqual({ source: 'bundle', path: directory });
  });

  test('names the flags that are wrong, all of them', async () => {
    const settings = { ...NOTHING, podSubnet: '10.0.0.0/99', kubernetesVersion: 'v1.24.0', bundle: join(directory, 'nowhere') };
    const error = problemsOf(await initSpec(settings, { name: 'Bad_Name', address: 'x' }).catch((thrown: unknown) => thrown));
    expect(error.code).toBe('USAGE');
    const names = ['--pod-network-cidr', '--kubernetes-version', '--bundle', '--node-name', '--apiserver-advertise-address'];
    for (const name of names) expect(error.details.join('\n')).toContain(name);
  });

  test('says where in the fragment a problem is', async () => {
    const file = fragment('bad.yaml', 'spec:\n  kubelet:\n    config:\n      cgroupDriver: systemd\n  nework: {}\n');
    const error = problemsOf(await initSpec({ ...NOTHING, fragmentFile: file }, MACHINE).catch((thrown: unknown) => thrown));
    expect(error.code).toBe('CONFIG_INVALID');
    expect(error.details[0]).toContain(`${file}:4:`);
    expect(error.details.join('\n')).toContain('did you mean network?');
  });

  test.each([
    ['spec: { hosts: [] }\n', 'spec.hosts'],
    ['spec: { ssh: { user: core } }\n', 'spec.ssh'],
    ['- a list\n', 'must be an object'],
    ['a: [\n', 'no valid YAML'],
  ])('does not take the fragment %j', async (text, expected) => {
    const file = fragment('refused.yaml', text);
    const error = problemsOf(await initSpec({ ...NOTHING, fragmentFile: file }, MACHINE).catch((thrown: unknown) => thrown));
    expect(error.code).toBe('CONFIG_INVALID');
    expect(error.details.join('\n')).toContain(expected);
  });

  test('needs the fragment to be there', async () => {
    const missing = { ...NOTHING, fragmentFile: join(directory, 'missing.yaml') };
    await expect(initSpec(missing, MACHINE)).rejects.toMatchObject({ code: 'CONFIG_NOT_FOUND' });
  });
});

describe('a cluster as a new node sees it', () => {
  const settings: JoinSettings = { fragmentFile: undefined, nodeName: undefined, nodeIp: undefined, bundle: undefined, mirror: undefined };
  const facts = (changes: Partial<ClusterFacts['config']> = {}): ClusterFacts => ({
    server: { host: 'k8s.example.org', port: 6443 },
    config: {
      cluster: {
        clusterName: 'demo',
        kubernetesVersion: 'v1.25.2',
        imageRepository: 'registry.example.org/k8s',
        networking: { podSubnet: '10.32.0.0/16,fd00::/48', serviceSubnet: '10.64.0.0/16', dnsDomain: 'example.org' },
      },
      annotations: {},
      kubelet: { cgroupDriver: 'systemd' },
      kubeProxy: undefined,
      ...changes,
    },
  });
  const machine = { name: 'w1', address: '10.0.0.21' };

  test('has its versions, names and subnets, this machine as a worker, and no pod network of kbs', async () => {
    expect((await joinSpec(settings, facts(), machine)).spec).toMatchObject({
      name: 'demo',
      kubernetesVersion: 'v1.25.2',
      imageRepository: 'registry.example.org/k8s',
      controlPlaneEndpoint: { host: 'k8s.example.org', port: 6443 },
      hosts: [{ name: 'w1', address: '10.0.0.21', roles: ['worker'] }],
      network: { podSubnet: '10.32.0.0/16', serviceSubnet: '10.64.0.0/16', dnsDomain: 'example.org', cni: { type: 'none' } },
      containerRuntime: { cgroupDriver: 'systemd' },
    });
  });

  test('has the settings of the control plane, for a machine that becomes one', async () => {
    const cluster = {
      kubernetesVersion: 'v1.25.2',
      apiServer: { extraArgs: { 'authorization-mode': 'Node,RBAC', v: '2' }, certSANs: ['api.example.org'] },
      etcd: { local: { dataDir: '/data/etcd' } },
    };
    const { spec } = await joinSpec(settings, facts({ cluster }), { ...machine, role: 'control-plane' });
    expect(spec).toMatchObject({
      hosts: [{ name: 'w1', roles: ['control-plane'] }],
      apiServer: { extraArgs: { v: '2' }, certSANs: ['api.example.org'] },
      etcd: { dataDir: '/data/etcd' },
    });
    expect(spec.apiServer.extraArgs).not.toHaveProperty('authorization-mode');
  });

  test('tells which pod network kbs made', async () => {
    const { spec } = await joinSpec(settings, facts({ annotations: { 'kbs.dev/pod-network': 'flannel v0.19.2' } }), machine);
    expect(spec.network.cni).toMatchObject({ type: 'flannel', version: 'v0.19.2' });
  });

  test('tells how services are done, so that the kernel is made ready', async () => {
    const kubeProxy = { mode: 'ipvs', ipvs: { scheduler: 'lc' } };
    expect((await joinSpec(settings, facts({ kubeProxy }), machine)).spec.network.kubeProxy).toMatchObject(kubeProxy);
    const unknown = facts({ kubeProxy: { mode: 'ipvs', ipvs: { scheduler: 'wlc' } } });
    expect((await joinSpec(settings, unknown, machine)).spec.network.kubeProxy).toMatchObject({ mode: 'ipvs', ipvs: { scheduler: 'rr' } });
  });

  test('wins over the fragment, which decides on the rest', async () => {
    const file = fragment(
      'join.yaml',
      'spec: { kubernetesVersion: v1.25.9, network: { cni: { type: flannel } }, preparation: { swap: "off" } }\n',
    );
    const { spec } = await joinSpec({ ...settings, fragmentFile: file }, facts(), machine);
    expect(spec).toMatchObject({ kubernetesVersion: 'v1.25.2', network: { cni: { type: 'flannel' } }, preparation: { swap: 'off' } });
  });

  test('uses the kubelet’s own cgroup driver where it says nothing', async () => {
    expect((await joinSpec(settings, facts({ kubelet: {} }), machine)).spec.containerRuntime.cgroupDriver).toBe('cgroupfs');
  });

  test('of a version kbs does not know cannot be joined', async () => {
    const other = facts({ cluster: { kubernetesVersion: 'v1.26.0' } });
    const error = problemsOf(await joinSpec(settings, other, machine).catch((thrown: unknown) => thrown));
    expect(error.code).toBe('USAGE');
    expect(error.details[0]).toContain('v1.26.0 is not supported');
  });
});

describe('the address of this machine', () => {
  const HEAD = 'Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n';
  const row = (name: string, destination: string, metric: number, mask: string): string =>
    `${name}\t${destination}\t0100000A\t0003\t0\t0\t${metric}\t${mask}\t0\t0\t0\n`;
  const address = (text: string, more: Partial<NetworkInterfaceInfo> = {}): NetworkInterfaceInfo =>
    ({ address: text, family: 'IPv4', internal: false, netmask: '', mac: '', cidr: null, ...more }) as NetworkInterfaceInfo;
  const interfaces = {
    lo: [address('127.0.0.1', { internal: true })],
    eth0: [address('fe80::1', { family: 'IPv6' }), address('10.0.0.11')],
    eth1: [address('192.168.1.11')],
  };

  test('is that of the default route with the best metric', () => {
    const routes = `${HEAD}${row('eth1', '00000000', 200, '00000000')}${row('eth0', '00000000', 100, '00000000')}${row('eth1', '0001A8C0', 0, '00FFFFFF')}`;
    expect(chooseAddress(routes, interfaces, '--flag')).toBe('10.0.0.11');
  });

  test('is the only one there is where no route leads out', () => {
    expect(chooseAddress(HEAD, { lo: interfaces.lo, eth1: interfaces.eth1 }, '--flag')).toBe('192.168.1.11');
  });

  test('has to be named where there are several and no default route', () => {
    const remedy = ['add --flag 10.0.0.11', 'add --flag 192.168.1.11'];
    expect(() => chooseAddress(HEAD, interfaces, '--flag')).toThrow(expect.objectContaining({ code: 'USAGE', remedy }));
  });

  test('goes with a node name in lower case', () => {
    expect(nodeNameHere(' Node-A ')).toBe('node-a');
  });
});

describe('what is typed', () => {
  test.each([
    ['10.0.0.1', { host: '10.0.0.1', port: 6443 }],
    ['k8s.example.org:443', { host: 'k8s.example.org', port: 443 }],
    ['[fd00::1]:6443', { host: 'fd00::1', port: 6443 }],
  ])('endpoint %s is understood', (text, endpoint) => {
    expect(parseJoinEndpoint(text)).toEqual(endpoint);
  });

  test.each(['', 'https://k8s:6443', 'k8s:0', 'k8s:70000', 'k8s:x', 'k8s/path', 'fd00::1'])('endpoint "%s" is refused', (text) => {
    expect(() => parseJoinEndpoint(text)).toThrow(expect.objectContaining({ code: 'USAGE' }));
  });

  test.each([
    ['24h', 86_400_000],
    ['2h30m', 9_000_000],
    ['24h0m0s', 86_400_000],
    ['90s', 90_000],
    ['0', undefined],
    ['0s', undefined],
  ])('a time to live of %s is %s ms', (text, ms) => {
    expect(parseTokenTtl(text)).toBe(ms);
  });

  test.each(['', '24', '1d', '-1h', 'h', '1h 2m'])('a time to live of "%s" is refused', (text) => {
    expect(() => parseTokenTtl(text)).toThrow(expect.objectContaining({ code: 'USAGE' }));
  });
});

test('the join command has endpoint, token and every hash', () => {
  const token = parseBootstrapToken('abcdef.0123456789abcdef');
  expect(joinWords({ endpoint: '10.0.0.11:6443', caHashes: ['sha256:aa', 'sha256:bb'], token }).command).toBe(
    'kbs join 10.0.0.11:6443 --token abcdef.0123456789abcdef --discovery-token-ca-cert-hash sha256:aa --discovery-token-ca-cert-hash sha256:bb',
  );
});

test('the command of control planes is told with a certificate key only', () => {
  const token = parseBootstrapToken('abcdef.0123456789abcdef');
  const words = { endpoint: '10.0.0.11:6443', caHashes: ['sha256:aa'], token };
  expect(joinWords(words)).not.toHaveProperty('controlPlaneCommand');
  const { command, controlPlaneCommand } = joinWords({ ...words, certificateKey: new Secret('0f') });
  expect(controlPlaneCommand).toBe(`${command} --control-plane --certificate-key 0f`);
});
