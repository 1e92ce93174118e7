import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import {
  renderClusterConfiguration,
  renderCorefile,
  renderKubeProxyConfig,
  renderKubeProxyKubeconfig,
  type ClusterConfigurationInput,
} from '../../src/render/index.js';

const NO_CHANGES = { extraArgs: {}, extraVolumes: [] };

function clusterConfiguration(change: Partial<ClusterConfigurationInput> = {}): string {
  return renderClusterConfiguration({
    clusterName: 'kubernetes',
    kubernetesVersion: 'v1.25.16',
    controlPlaneEndpoint: 'api.example.org:6443',
    imageRepository: 'registry.k8s.io',
    dnsDomain: 'cluster.local',
    podSubnet: '10.244.0.0/16',
    serviceSubnet: '10.96.0.0/12',
    apiServer: { ...NO_CHANGES, certSANs: [] },
    controllerManager: NO_CHANGES,
    scheduler: NO_CHANGES,
    etcd: { dataDir: '/var/lib/etcd', extraArgs: {} },
    ...change,
  });
}

const FILES: Readonly<Record<string, string>> = {
  'cluster-configuration.yaml': clusterConfiguration(),
  'cluster-configuration-changed.yaml': clusterConfiguration({
    apiServer: {
      extraArgs: { 'audit-log-path': '-' },
      extraVolumes: [{ name: 'audit', hostPath: '/var/log/audit', mountPath: '/var/log/audit', readOnly: true, pathType: 'Directory' }],
      certSANs: ['203.0.113.7'],
    },
    scheduler: { extraArgs: { v: '4' }, extraVolumes: [] },
    etcd: { dataDir: '/srv/etcd', extraArgs: { 'quota-backend-bytes': '8589934592' } },
  }),
  'cluster-configuration-external-etcd.yaml': clusterConfiguration({
    externalEtcd: ['https://192.0.2.31:2379', 'https://192.0.2.32:2379'],
  }),
  'kube-proxy-config.yaml': renderKubeProxyConfig({ podSubnet: '10.244.0.0/16', advertiseAddress: '192.0.2.11', overrides: {} }),
  'kube-proxy-config-ipvs-ipv6.yaml': renderKubeProxyConfig({
    podSubnet: 'fd00:10:244::/56',
    advertiseAddress: '2001:db8::11',
    ipvs: { scheduler: 'lc', strictARP: true, excludeCIDRs: [] },
    overrides: { ipvs: { minSyncPeriod: '1s' }, conntrack: { maxPerCore: 0 } },
  }),
  ...Object.fromEntries(
    ['rr', 'dh', 'sh', 'sed', 'nq'].map((scheduler) => [
      `kube-proxy-config-ipvs-${scheduler}.yaml`,
      renderKubeProxyConfig({
        podSubnet: '10.244.0.0/16',
        advertiseAddress: '192.0.2.11',
        ipvs: { scheduler, strictARP: false, excludeCIDRs: ['192.0.2.64/28'] },
        overrides: {},
      }),
    ]),
  ),
  'kube-proxy-kubeconfig.yaml': renderKubeProxyKubeconfig({ server: 'https://[2001:db8::11]:6443' }),
  Corefile: renderCorefile({ dnsDomain: 'cluster.local' }),
};

test.each(Object.entries(FILES))('%s is what it was', async (name, text) => {
  await expect(text).toMatchFileSnapshot(`cluster-objects/${name}`);
});

function parsed(name: string): Readonly<Record<string, unknown>> {
  return parse(FILES[name] ?? '') as Readonly<Record<string, unknown>>;
}

describe('the cluster configuration', () => {
  test('has kubeadm’s fields', () => {
    expect(parsed('cluster-configuration.yaml')).toEqual({
      apiVersion: 'kubeadm.k8s.io/v1beta3',
      kind: 'ClusterConfiguration',
      apiServer: { extraArgs: { 'authorization-mode': 'Node,RBAC' }, timeoutForControlPlane: '4m0s' },
      certificatesDir: '/etc/kubernetes/pki',
      clusterName: 'kubernetes',
      controlPlaneEndpoint: 'api.example.org:6443',
      controllerManager: {},
      dns: {},
      etcd: { local: { dataDir: '/var/lib/etcd' } },
      imageRepository: 'registry.k8s.io',
      kubernetesVersion: 'v1.25.16',
      networking: { dnsDomain: 'cluster.local', podSubnet: '10.244.0.0/16', serviceSubnet: '10.96.0.0/12' },
      scheduler: {},
    });
  });

  test('remembers what the user changed, so that kubeadm upgrade keeps it', () => {
    expect(parsed('cluster-configuration-changed.yaml')).toMatchObject({
      apiServer: { extraArgs: { 'audit-log-path': '-', 'authorization-mode': 'Node,RBAC' }, certSANs: ['203.0.113.7'] },
      scheduler: { extraArgs: { v: '4' } },
      etcd: { local: { dataDir: '/srv/etcd', extraArgs: { 'quota-backend-bytes': '8589934592' } } },
    });
  });
});

describe('the configuration of kube-proxy', () => {
  test('listens on all addresses of the cluster’s family', () => {
    expect(parsed('kube-proxy-config.yaml')).toMatchObject({ bindAddress: '0.0.0.0', clusterCIDR: '10.244.0.0/16', mode: '' });
    expect(parsed('kube-proxy-config-ipvs-ipv6.yaml')).toMatchObject({ bindAddress: '::' });
  });

  test('takes the user’s fields and keeps their neighbours', () => {
    expect(parsed('kube-proxy-config-ipvs-ipv6.yaml')).toMatchObject({
      mode: 'ipvs',
      ipvs: { scheduler: 'lc', strictARP: true, syncPeriod: '0s', minSyncPeriod: '1s' },
      conntrack: { maxPerCore: 0, min: null },
    });
  });

  test('logs in with its service account', () => {
    expect(parsed('kube-proxy-kubeconfig.yaml')).toMatchObject({
      clusters: [{ cluster: { server: 'https://[2001:db8::11]:6443' } }],
      users: [{ user: { tokenFile: '/var/run/secrets/kubernetes.io/serviceaccount/token' } }],
    });
  });
});
