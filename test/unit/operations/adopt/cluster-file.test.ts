import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { formatClusterFile, parseClusterFile } from '../../../../src/config/index.js';
import { adoptedClusterFile, type AdoptAccess, type FoundHost } from '../../../../src/operations/adopt/cluster-file.js';
import { differingFields } from '../../../../src/operations/adopt/differing-fields.js';
import { parseKubeletFlags } from '../../../../src/operations/adopt/found-host.js';
import type { FoundCluster, FoundNode } from '../../../../src/operations/adopt/found-cluster.js';
import { notesOnMembers } from '../../../../src/operations/adopt/found-members.js';
import { adoptProblems } from '../../../../src/operations/adopt/refusals.js';

import { aMember } from '../../../support/memory-etcd.js';

const GOLDEN = new URL('../../../golden/', import.meta.url);

function golden(path: string): Readonly<Record<string, unknown>> {
  return parse(readFileSync(new URL(path, GOLDEN), 'utf8')) as Readonly<Record<string, unknown>>;
}

const CONTROL_PLANE_TAINT = { key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule' };
const HOST: FoundHost = { kubeletFlags: { 'node-ip': '10.0.0.11', 'container-runtime': 'remote' }, containerd: 'artifact' };
const ACCESS: AdoptAccess = { host: '10.0.0.11', hostName: 'cp1', ssh: { user: 'core' }, artifacts: undefined };

function node(changes: Partial<FoundNode> = {}): FoundNode {
  return {
    name: 'cp1',
    address: '10.0.0.11',
    isControlPlane: true,
    labels: { 'kubernetes.io/hostname': 'cp1', 'node-role.kubernetes.io/control-plane': '' },
    taints: [CONTROL_PLANE_TAINT],
    criSocket: 'unix:///var/run/containerd/containerd.sock',
    kubeletVersion: 'v1.25.0',
    runtimeVersion: 'containerd://1.6.20',
    ...changes,
  };
}

const WORKER: Partial<FoundNode> = { name: 'w1', address: '10.0.0.21', isControlPlane: false, labels: {}, taints: [] };

/** What kubeadm v1.25.0 says of a cluster made with its defaults and a pod subnet. */
function cluster(changes: Partial<FoundCluster> = {}): FoundCluster {
  return {
    cluster: {
      apiServer: { extraArgs: { 'authorization-mode': 'Node,RBAC' }, timeoutForControlPlane: '4m0s' },
      certificatesDir: '/etc/kubernetes/pki',
      clusterName: 'kubernetes',
      controllerManager: {},
      dns: {},
      etcd: { local: { dataDir: '/var/lib/etcd' } },
      imageRepository: 'registry.k8s.io',
      kubernetesVersion: 'v1.25.0',
      networking: { dnsDomain: 'cluster.local', podSubnet: '10.244.0.0/16', serviceSubnet: '10.96.0.0/12' },
      scheduler: {},
    },
    kubelet: golden('node-files/kubelet-config.yaml'),
    kubeProxy: golden('cluster-objects/kube-proxy-config.yaml'),
    nodes: [node(), node(WORKER)],
    staticPods: new Map([
      ['kube-apiserver cp1', '10.0.0.11:6443'],
      ['etcd cp1', 'https://10.0.0.11:2379'],
    ]),
    flannel: { version: 'v0.19.2', network: { Network: '10.244.0.0/16', Backend: { Type: 'vxlan' } } },
    ...changes,
  };
}

function specOf(found: FoundCluster, hosts: readonly FoundHost[] = [HOST], access: AdoptAccess = ACCESS) {
  const { file } = adoptedClusterFile(found, hosts, access);
  return parseClusterFile(formatClusterFile(file), 'cluster.yaml', { baseDirectory: '/' }).spec;
}

describe('the cluster file of a cluster that kubeadm made', () => {
  test('says what the cluster is, and nothing that is a default anyhow', () => {
    const { file, notes } = adoptedClusterFile(cluster(), [HOST], ACCESS);
    expect(notes).toEqual([]);
    expect(file).toEqual({
      apiVersion: 'kbs.dev/v1alpha1',
      kind: 'Cluster',
      metadata: { name: 'kubernetes' },
      spec: {
        kubernetesVersion: 'v1.25.0',
        ssh: { user: 'core' },
        hosts: [
          { name: 'cp1', address: '10.0.0.11', roles: ['control-plane'] },
          { name: 'w1', address: '10.0.0.21', roles: ['worker'] },
        ],
        network: { podSubnet: '10.244.0.0/16', serviceSubnet: '10.96.0.0/12', dnsDomain: 'cluster.local', cni: { version: 'v0.19.2' } },
      },
    });
    expect(specOf(cluster()).hosts).toHaveLength(2);
  });

  test('has what the administrator has set', () => {
    const base = cluster();
    const found = cluster({
      cluster: {
        ...base.cluster,
        controlPlaneEndpoint: 'k8s.example.org:7443',
        imageRepository: 'registry.example.org/k8s',
        apiServer: { extraArgs: { 'authorization-mode': 'Node,RBAC', v: '2' }, certSANs: ['api.example.org'] },
        etcd: { local: { dataDir: '/data/etcd', extraArgs: { 'snapshot-count': '5000' } } },
      },
      kubelet: { ...base.kubelet, maxPods: 40, cgroupDriver: 'cgroupfs' },
      kubeProxy: { ...base.kubeProxy, conntrack: { maxPerCore: 0, min: null } },
    });
    const spec = specOf(found, [{ containerd: 'package', kubeletFlags: { 'node-ip': '10.0.0.11', v: '3' } }]);
    expect(spec).toMatchObject({
      controlPlaneEndpoint: { host: 'k8s.example.org', port: 7443 },
      imageRepository: 'registry.example.org/k8s',
      apiServer: { extraArgs: { v: '2' }, certSANs: ['api.example.org'] },
      etcd: { dataDir: '/data/etcd', extraArgs: { 'snapshot-count': '5000' } },
      kubelet: { config: { maxPods: 40 }, extraArgs: { v: '3' } },
      containerRuntime: { install: 'package', cgroupDriver: 'cgroupfs' },
      network: { kubeProxy: { config: { conntrack: { maxPerCore: 0 } } } },
    });
    expect(spec.apiServer.extraArgs).not.toHaveProperty('authorization-mode');
  });

  test('has the kubelet flags only that all hosts have alike', () => {
    const flags = (v: string): FoundHost => ({ containerd: 'artifact', kubeletFlags: { v, 'max-pods': '50' } });
    expect(specOf(cluster(), [flags('2'), flags('4')]).kubelet.extraArgs).toEqual({ 'max-pods': '50' });
  });

  test('has own labels and taints of nodes, and roles as the taints say', () => {
    const found = cluster({
      nodes: [
        node({ taints: [] }),
        node({
          ...WORKER,
          labels: { 'beta.kubernetes.io/os': 'linux', disk: 'ssd', 'example.org/rack': 'r1' },
          taints: [
            { key: 'dedicated', value: 'db', effect: 'NoSchedule' },
            { key: 'node.kubernetes.io/unreachable', effect: 'NoExecute' },
          ],
        }),
      ],
    });
    expect(specOf(found).hosts).toMatchObject([
      { roles: ['control-plane', 'worker'], labels: {} },
      {
        roles: ['worker'],
        labels: { disk: 'ssd', 'example.org/rack': 'r1' },
        taints: [{ key: 'dedicated', value: 'db', effect: 'NoSchedule' }],
      },
    ]);
  });

  test('goes by SSH where kbs was told to begin', () => {
    const [first, second] = specOf(cluster(), [HOST], { ...ACCESS, host: 'cp1.example.org' }).hosts;
    expect(first?.sshAddress).toBe('cp1.example.org');
    expect(second?.sshAddress).toBeUndefined();
  });

  test.each([
    ['another pod network', undefined],
    ['a flannel nobody knows', { version: 'v9.9.9', network: {} }],
    ['flannel with another backend', { version: 'v0.19.2', network: { Backend: { Type: 'host-gw' } } }],
    ['flannel with another network', { version: 'v0.19.2', network: { Network: '10.1.0.0/16', Backend: { Type: 'vxlan' } } }],
  ])('leaves %s as it is, and says so', (_case, flannel) => {
    const found = cluster({ flannel });
    expect(specOf(found).network.cni.type).toBe('none');
    expect(adoptedClusterFile(found, [HOST], ACCESS).notes).toHaveLength(1);
  });
});

describe('a cluster kbs could not look after', () => {
  const changed = (fields: object): FoundCluster => cluster({ cluster: { ...cluster().cluster, ...fields } });

  test('is any but one of kubeadm v1.25 with kubeadm’s places and containerd', () => {
    expect(adoptProblems(cluster())).toEqual([]);
  });

  test.each([
    ['another minor version', changed({ kubernetesVersion: 'v1.24.3' }), 'it is Kubernetes v1.24.3'],
    ['external etcd', changed({ etcd: { external: { endpoints: [] } } }), 'external'],
    ['certificates elsewhere', changed({ certificatesDir: '/pki' }), '/pki'],
    ['another cluster name', changed({ clusterName: 'prod' }), 'clusterName is prod'],
    ['two address families', changed({ networking: { podSubnet: '10.244.0.0/16,fd00::/56' } }), 'podSubnet is 10.244.0.0/16,fd00::/56'],
    ['no pod subnet', changed({ networking: {} }), 'no podSubnet'],
    ['a kube-proxy in another mode', cluster({ kubeProxy: { mode: 'ipvs' } }), 'mode ipvs'],
    ['no kube-proxy', cluster({ kubeProxy: undefined }), 'no kube-proxy'],
    ['a half-done upgrade', cluster({ nodes: [node(), node({ ...WORKER, kubeletVersion: 'v1.25.4' })] }), 'kubelet of w1 is v1.25.4'],
    ['another runtime', cluster({ nodes: [node({ criSocket: 'unix:///var/run/crio/crio.sock' })] }), 'crio.sock'],
    [
      'a runtime that only new nodes can have',
      cluster({ nodes: [node({ criSocket: 'unix:///var/run/cri-dockerd.sock' })] }),
      'with containerd only',
    ],
    ['no control plane', cluster({ nodes: [node(WORKER)] }), 'labelled as a control plane'],
    [
      'another port of the API',
      cluster({
        staticPods: new Map([
          ['kube-apiserver cp1', '10.0.0.11:7443'],
          ['etcd cp1', ''],
        ]),
      }),
      '10.0.0.11:7443',
    ],
    [
      'an API at another address',
      cluster({
        staticPods: new Map([
          ['kube-apiserver cp1', '10.9.0.11:6443'],
          ['etcd cp1', ''],
        ]),
      }),
      '10.9.0.11:6443',
    ],
  ])('with %s is refused', (_case, found, said) => {
    expect(adoptProblems(found).join('\n')).toContain(said);
  });

  test('is refused with all reasons at once', () => {
    expect(adoptProblems(changed({ kubernetesVersion: 'v1.26.0', clusterName: 'prod' })).length).toBeGreaterThan(2);
  });
});

describe('the members of etcd', () => {
  const nodes = [node(), node({ name: 'cp2', address: '10.0.0.12' }), node(WORKER)];

  test('are one for each control plane, by its name or by its address', () => {
    expect(notesOnMembers(nodes, [aMember('cp1', 11), aMember('elsewhere', 12)])).toEqual([]);
  });

  test('that nobody is behind are told of, and those that do not vote yet', () => {
    const members = [aMember('cp1', 11), aMember('cp2', 12, { isLearner: true }), aMember('cp3', 13), aMember('', 30, { clientUrls: [] })];
    expect(notesOnMembers(nodes, members)).toEqual([
      expect.stringContaining('a member cp3 that is no control plane'),
      expect.stringContaining('kbs node remove 1e --dead'),
      expect.stringContaining('the member of cp2 is a learner'),
    ]);
  });

  test('without one of a control plane are a reason to leave the cluster alone', () => {
    expect(() => notesOnMembers(nodes, [aMember('cp1', 11)])).toThrow(
      expect.objectContaining({ code: 'ADOPT_REFUSED', message: 'cp2 is no member of etcd' }) as Error,
    );
  });
});

describe('differing fields', () => {
  test('are those that are other, as deep as they go, lists as a whole', () => {
    const base = { a: 1, b: { c: 'x', d: [1, 2] }, e: '' };
    expect(differingFields({ a: 1, b: { c: 'y', d: [1, 2] }, e: '' }, base)).toEqual({ b: { c: 'y' } });
    expect(differingFields({ b: { d: [2] } }, base)).toEqual({ b: { d: [2] } });
    expect(differingFields({ a: 2 }, base, ['a'])).toEqual({});
  });

  test('are none where Go wrote fields nobody set', () => {
    expect(differingFields({ x: null, y: '', z: '0s', inner: { one: null } }, {})).toEqual({});
    expect(differingFields({ x: 0, y: false }, {})).toEqual({ x: 0, y: false });
  });
});

test('kubelet flags are read as kubeadm writes them', () => {
  expect(parseKubeletFlags('KUBELET_KUBEADM_ARGS="--container-runtime=remote --v=2 --register-node"\n')).toEqual({
    'container-runtime': 'remote',
    v: '2',
    'register-node': 'true',
  });
  expect(parseKubeletFlags('')).toEqual({});
});
