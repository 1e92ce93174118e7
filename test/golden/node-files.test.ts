import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import {
  renderContainerdConfig,
  renderRunscConfig,
  renderContainerdUnit,
  renderCriDockerSocket,
  renderCriDockerUnit,
  renderCrictlConfig,
  renderContainersRegistries,
  renderCrioConfig,
  renderCrioUnit,
  renderDockerConfig,
  renderEtcdUnit,
  renderHostsToml,
  renderKubeletConfig,
  renderKubeletDropIn,
  renderKubeletFlags,
  renderKubeletUnit,
  renderProxyDropIn,
  renderRegistryAuth,
  renderSignaturePolicy,
  withContainerdCredentials,
  type KubeletConfigInput,
  type KubeletFlagsInput,
  type RegistryCredentials,
} from '../../src/render/index.js';
import { Secret } from '../../src/secret/index.js';

function kubeletConfig(change: Partial<KubeletConfigInput> = {}): string {
  return renderKubeletConfig({
    clusterDns: '10.96.0.10',
    dnsDomain: 'cluster.local',
    cgroupDriver: 'systemd',
    overrides: {},
    ...change,
  });
}

function kubeletFlags(change: Partial<KubeletFlagsInput> = {}): string {
  const criSocket = 'unix:///run/containerd/containerd.sock';
  return renderKubeletFlags({ criSocket, pauseImage: 'registry.k8s.io/pause:3.8', extraArgs: {}, ...change });
}

function etcdUnit(extraArgs: Readonly<Record<string, string>> = {}): string {
  const initialCluster = [1, 2, 3].map((number) => `etcd${number}=https://192.0.2.3${number}:2380`).join(',');
  return renderEtcdUnit({ nodeName: 'etcd1', advertiseAddress: '192.0.2.31', dataDir: '/var/lib/etcd', initialCluster, extraArgs });
}

const CREDENTIALS: readonly RegistryCredentials[] = [
  { host: 'docker.io', username: 'me', password: new Secret('a"b\\c') },
  { host: '192.0.2.5:5000', username: 'oauth2', password: new Secret('token') },
];

function revealed(content: string | Secret): string {
  return typeof content === 'string' ? content : content.reveal();
}

const CRIO = {
  pauseImage: 'registry.k8s.io/pause:3.8',
  runc: '/usr/local/sbin/runc',
  conmon: '/usr/local/bin/conmon',
  pinns: '/usr/local/bin/pinns',
};

const FILES: Readonly<Record<string, string>> = {
  'etcd.service': etcdUnit(),
  'etcd-own-flags.service': etcdUnit({ 'quota-backend-bytes': '8589934592', 'log-outputs': 'a b"c\\d%e$f' }),
  'kubelet-config.yaml': kubeletConfig(),
  'kubelet-config-changed.yaml': kubeletConfig({
    cgroupDriver: 'cgroupfs',
    resolvConf: '/run/systemd/resolve/resolv.conf',
    overrides: {
      authentication: { anonymous: { enabled: true } },
      evictionHard: { 'memory.available': '5%' },
      clusterDNS: ['169.254.20.10'],
      maxPods: 200,
      syncFrequency: '1m0s',
      rotateCertificates: false,
      tlsMinVersion: 'off',
    },
  }),
  'kubeadm-flags.env': kubeletFlags(),
  'kubeadm-flags-all.env': kubeletFlags({
    hostnameOverride: 'w1',
    taints: [
      { key: 'dedicated', value: 'db', effect: 'NoSchedule' },
      { key: 'slow', effect: 'PreferNoSchedule' },
    ],
    extraArgs: { 'node-ip': '192.0.2.21', 'pod-infra-container-image': 'registry.example.org/pause:3.8' },
  }),
  'kubelet.service': renderKubeletUnit(),
  '10-kubeadm.conf': renderKubeletDropIn(),
  'containerd-config.toml': renderContainerdConfig({
    pauseImage: 'registry.k8s.io/pause:3.8',
    cgroupDriver: 'systemd',
    restrictOomScoreAdj: false,
  }),
  'containerd-config-gvisor.toml': renderContainerdConfig({
    pauseImage: 'registry.k8s.io/pause:3.8',
    cgroupDriver: 'systemd',
    restrictOomScoreAdj: false,
    runtimeClasses: ['gvisor'],
  }),
  'containerd-config-sandboxes.toml': renderContainerdConfig({
    pauseImage: 'registry.k8s.io/pause:3.8',
    cgroupDriver: 'systemd',
    restrictOomScoreAdj: false,
    runtimeClasses: ['gvisor', 'kata'],
  }),
  'runsc.toml': renderRunscConfig({ network: 'sandbox', cgroupDriver: 'systemd' }),
  'runsc-ptrace.toml': renderRunscConfig({ platform: 'ptrace', network: 'host', cgroupDriver: 'cgroupfs' }),
  'containerd-config-nested.toml': renderContainerdConfig({
    pauseImage: 'registry.example.org/pause:3.8',
    cgroupDriver: 'cgroupfs',
    restrictOomScoreAdj: true,
  }),
  'containerd.service': renderContainerdUnit({ binary: '/usr/local/bin/containerd' }),
  'containerd-package.service': renderContainerdUnit({ binary: '/usr/bin/containerd' }),
  'docker-daemon.json': renderDockerConfig({ cgroupDriver: 'systemd', registries: [] }),
  'docker-daemon-mirrors.json': renderDockerConfig({
    cgroupDriver: 'cgroupfs',
    registries: [
      { host: 'docker.io', mirrors: ['https://mirror.example.org', 'http://192.0.2.5:5000/hub'], insecureSkipVerify: true },
      { host: '192.0.2.6:5000', mirrors: [], insecureSkipVerify: true },
      { host: 'registry.example.org', mirrors: [], insecureSkipVerify: false },
    ],
  }),
  'cri-docker.service': renderCriDockerUnit({ binary: '/usr/local/bin/cri-dockerd', pauseImage: 'registry.k8s.io/pause:3.8' }),
  'cri-docker.socket': renderCriDockerSocket(),
  'crio.conf': renderCrioConfig({ ...CRIO, cgroupDriver: 'systemd' }),
  'crio-kata.conf': renderCrioConfig({ ...CRIO, cgroupDriver: 'systemd', runtimeClasses: ['kata'] }),
  'crio-cgroupfs.conf': renderCrioConfig({ ...CRIO, cgroupDriver: 'cgroupfs' }),
  'crio-credentials.conf': renderCrioConfig({ ...CRIO, cgroupDriver: 'systemd', hasCredentials: true }),
  'crio.service': renderCrioUnit({ binary: '/usr/local/bin/crio' }),
  'containers-policy.json': renderSignaturePolicy(),
  'containers-registries.conf': renderContainersRegistries([]),
  'containers-registries-mirrors.conf': renderContainersRegistries([
    { host: 'docker.io', mirrors: ['https://mirror.example.org', 'http://192.0.2.5:5000/hub'], insecureSkipVerify: false },
    { host: '192.0.2.6:5000', mirrors: [], insecureSkipVerify: true },
  ]),
  'proxy.conf': renderProxyDropIn({
    httpProxy: 'http://proxy.example.org:3128',
    httpsProxy: 'http://proxy.example.org:3128/a%20b',
    noProxy: ['localhost', '10.96.0.0/12', '.svc'],
  }),
  'crictl.yaml': renderCrictlConfig({ criSocket: 'unix:///run/containerd/containerd.sock' }),
  'hosts-docker-hub.toml': renderHostsToml({
    host: 'docker.io',
    mirrors: ['https://mirror.example.org', 'http://192.0.2.5:5000/hub'],
    insecureSkipVerify: false,
  }).text,
  'hosts-insecure.toml': renderHostsToml({
    host: '192.0.2.5:5000',
    mirrors: ['https://192.0.2.5:5000'],
    insecureSkipVerify: true,
    caPath: '/etc/containerd/certs.d/192.0.2.5:5000/ca.crt',
  }).text,
  'hosts-own-ca.toml': renderHostsToml({
    host: '192.0.2.5:5000',
    mirrors: [],
    insecureSkipVerify: false,
    caPath: '/etc/containerd/certs.d/192.0.2.5:5000/ca.crt',
  }).text,
  'containerd-config-credentials.toml': revealed(
    withContainerdCredentials(
      renderContainerdConfig({ pauseImage: 'registry.k8s.io/pause:3.8', cgroupDriver: 'systemd', restrictOomScoreAdj: false }),
      CREDENTIALS,
    ),
  ),
  'registry-auth.json': renderRegistryAuth(CREDENTIALS).reveal(),
};

test.each(Object.entries(FILES))('%s is what it was', async (name, text) => {
  await expect(text).toMatchFileSnapshot(`node-files/${name}`);
});

function parsed(name: string): Readonly<Record<string, unknown>> {
  return parse(FILES[name] ?? '') as Readonly<Record<string, unknown>>;
}

describe('the kubelet’s configuration', () => {
  test('has kubeadm’s fields, and zero for each duration it leaves to the kubelet', () => {
    const entries = Object.entries(parsed('kubelet-config.yaml'));
    expect(entries.filter(([, value]) => value === '0s').map(([name]) => name)).toEqual([
      'cpuManagerReconcilePeriod',
      'evictionPressureTransitionPeriod',
      'fileCheckFrequency',
      'httpCheckFrequency',
      'imageMinimumGCAge',
      'nodeStatusReportFrequency',
      'nodeStatusUpdateFrequency',
      'runtimeRequestTimeout',
      'shutdownGracePeriod',
      'shutdownGracePeriodCriticalPods',
      'streamingConnectionIdleTimeout',
      'syncFrequency',
      'volumeStatsAggPeriod',
    ]);
    expect(Object.fromEntries(entries.filter(([, value]) => value !== '0s'))).toEqual({
      apiVersion: 'kubelet.config.k8s.io/v1beta1',
      kind: 'KubeletConfiguration',
      authentication: {
        anonymous: { enabled: false },
        webhook: { cacheTTL: '0s', enabled: true },
        x509: { clientCAFile: '/etc/kubernetes/pki/ca.crt' },
      },
      authorization: { mode: 'Webhook', webhook: { cacheAuthorizedTTL: '0s', cacheUnauthorizedTTL: '0s' } },
      cgroupDriver: 'systemd',
      clusterDNS: ['10.96.0.10'],
      clusterDomain: 'cluster.local',
      healthzBindAddress: '127.0.0.1',
      healthzPort: 10248,
      logging: { flushFrequency: 0, options: { json: { infoBufferSize: '0' } }, verbosity: 0 },
      memorySwap: {},
      rotateCertificates: true,
      staticPodPath: '/etc/kubernetes/manifests',
    });
  });

  test('takes the user’s fields, deep inside too, but keeps certificates rotating', () => {
    expect(parsed('kubelet-config-changed.yaml')).toMatchObject({
      authentication: { anonymous: { enabled: true }, webhook: { enabled: true } },
      clusterDNS: ['169.254.20.10'],
      maxPods: 200,
      resolvConf: '/run/systemd/resolve/resolv.conf',
      rotateCertificates: true,
    });
  });

  test('quotes words that YAML 1.1 takes for something else', () => {
    expect(FILES['kubelet-config-changed.yaml']).toContain('tlsMinVersion: "off"\n');
  });
});

describe('the kubelet’s flags', () => {
  test('are one line, sorted', () => {
    expect(FILES['kubeadm-flags.env']).toBe(
      'KUBELET_KUBEADM_ARGS="--container-runtime=remote --container-runtime-endpoint=unix:///run/containerd/containerd.sock --pod-infra-container-image=registry.k8s.io/pause:3.8"\n',
    );
  });

  test('let the user win, and register taints without a value', () => {
    expect(FILES['kubeadm-flags-all.env']).toContain('--pod-infra-container-image=registry.example.org/pause:3.8 ');
    expect(FILES['kubeadm-flags-all.env']).toContain('--register-with-taints=dedicated=db:NoSchedule,slow=:PreferNoSchedule"');
  });

  test.each(['a b', 'a"b', "a'b", 'a$b', 'a\\b', 'a\nb'])('refuse a value that systemd would change: %j', (value) => {
    expect(() => kubeletFlags({ extraArgs: { 'node-labels': value } })).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
  });
});

test('a registry’s file lies in a folder of its name', () => {
  expect(renderHostsToml({ host: '192.0.2.5:5000', mirrors: [], insecureSkipVerify: false }).path).toBe('192.0.2.5:5000/hosts.toml');
});
