import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AnyStep } from '../../src/engine/index.js';
import { waitFor } from '../../src/engine/index.js';
import { apiReason, atOnce, type KubeApi, type KubeObject } from '../../src/kube/index.js';
import { bootstrapTokenSecret, coreDnsKeptFields, coreDnsObjects, kubeadmContractObjects } from '../../src/phases/cluster-objects/index.js';
import { nodeSettings, type NodeSettings } from '../../src/phases/nodes/index.js';
import { nodeStep } from '../../src/phases/nodes/node-step.js';
import { objectsStep } from '../../src/phases/objects-step.js';
import { calicoSteps } from '../../src/phases/pod-network/calico-input.js';
import {
  calicoDefinitions,
  calicoObjects,
  calicoResources,
  flannelObjects,
  kubeProxyConfigMap,
  kubeProxyObjects,
  type CalicoInput,
  type KubeProxyInput,
} from '../../src/phases/pod-network/index.js';
import { flannelSteps } from '../../src/phases/pod-network/flannel-steps.js';
import { restartStep } from '../../src/phases/pod-network/restart-step.js';
import { createBootstrapToken } from '../../src/pki/index.js';
import type { ClusterImages, ComponentVersions } from '../../src/versions/index.js';
import { aClusterSpec } from '../support/cluster-spec.js';
import { startLoopbackControlPlane, type LoopbackControlPlane } from '../support/loopback-control-plane.js';
import { memoryHost, stepContext } from '../support/memory-host.js';

const host = memoryHost({ name: 'cp1' });
const signal = new AbortController().signal;
const CRI_SOCKET = 'unix:///run/containerd/containerd.sock';
const spec = aClusterSpec();
const kubeProxy: KubeProxyInput = {
  image: 'registry.k8s.io/kube-proxy:v1.25.0',
  config: 'mode: ""',
  kubeconfig: 'kind: Config',
  isUserSupplied: false,
};
const flannel = {
  version: 'v0.22.3',
  podSubnet: '10.244.0.0/16',
  backend: 'vxlan',
  image: 'flannel:1',
  cniPluginImage: 'plugin:1',
} as const;
const contract = {
  clusterConfiguration: 'kind: ClusterConfiguration\n',
  kubeletConfig: 'kind: KubeletConfiguration\n',
  isKubeletConfigUserSupplied: false,
  clusterInfo: 'kind: Config\n',
};

let cluster: LoopbackControlPlane;
let api: KubeApi;

beforeAll(async () => {
  cluster = await startLoopbackControlPlane();
  api = await cluster.kube.connect(signal);
});
afterAll(() => cluster?.stop());

/** What `kbs plan` would say of a step. */
async function planOf(step: AnyStep) {
  return (await step.prepare(host, stepContext())).plan;
}

async function run(step: AnyStep): Promise<void> {
  await (await step.prepare(host, stepContext())).apply();
}

async function resourceVersions(objects: readonly KubeObject[]): Promise<readonly (string | undefined)[]> {
  return atOnce(8, objects, async ({ apiVersion, kind, metadata: { name, namespace } }) => {
    const live = await api.read({ apiVersion, kind, name, ...(namespace === undefined ? {} : { namespace }) });
    return live?.metadata.resourceVersion;
  });
}

describe('cluster objects on a real API server', () => {
  const everything = [
    ...kubeadmContractObjects(contract),
    ...kubeProxyObjects(kubeProxy),
    ...coreDnsObjects({ image: 'coredns:1', corefile: '.:53 {}\n', clusterDns: '10.96.0.10' }),
    ...flannelObjects(flannel),
  ];
  const step = (): AnyStep =>
    objectsStep({ id: 'test/objects', title: 'all', kube: cluster.kube, objects: () => everything, keep: coreDnsKeptFields });

  test('are all made, and then nothing is left to plan: server defaults are no difference', async () => {
    expect(await planOf(step())).toMatchObject({ change: 'create' });
    await run(step());
    expect(await planOf(step())).toEqual({ change: 'none' });
  });

  test('are not written again when they are applied a second time', async () => {
    const before = await resourceVersions(everything);
    expect(await atOnce(8, everything, (object) => api.apply(object))).toEqual(everything.map(() => 'unchanged'));
    expect(await resourceVersions(everything)).toEqual(before);
  });

  test('that somebody has changed are planned with the difference only, and put right', async () => {
    const role = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', name: 'kubeadm:get-nodes' };
    await api.patch(role, 'merge', { rules: [{ apiGroups: [''], resources: ['nodes'], verbs: ['get', 'delete'] }] });
    const plan = await planOf(step());
    expect(plan).toMatchObject({ change: 'update', summary: 'change ClusterRole kubeadm:get-nodes' });
    expect('diff' in plan ? plan.diff?.split('\n').filter((line) => /^[-+] /.test(line)) : []).toEqual(['-  - delete']);
    await run(step());
    expect(await planOf(step())).toEqual({ change: 'none' });
  });

  test('leave a flannel alone that somebody else has brought, until the file wants another one', async () => {
    const images = { flannel: 'flannel:v0.22.3', flannelCniPlugin: 'plugin:1' } as ClusterImages;
    const versions = { flannel: 'v0.22.3' } as ComponentVersions;
    const plans = (network: object = {}) =>
      atOnce(1, flannelSteps({ spec: aClusterSpec({ spec: { network } }), images, versions, kube: cluster.kube }), planOf);
    const daemonSet = { apiVersion: 'apps/v1', kind: 'DaemonSet', namespace: 'kube-flannel', name: 'kube-flannel-ds' };
    const configMap = { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'kube-flannel', name: 'kube-flannel-cfg' };
    const paths = {
      DaemonSet: '/apis/apps/v1/namespaces/kube-flannel/daemonsets',
      ConfigMap: '/api/v1/namespaces/kube-flannel/configmaps',
    };
    await Promise.all([api.delete(daemonSet), api.delete(configMap)]);
    const own = flannelObjects({ ...flannel, image: images.flannel });
    for (const object of own.filter(({ kind }) => kind in paths)) {
      const created = await api.request('POST', `${paths[object.kind as keyof typeof paths]}?fieldManager=kubectl`, {
        body: JSON.stringify(object),
        contentType: 'application/json',
      });
      expect(created.status).toBe(201);
    }
    const nothing = [{ change: 'none' }, { change: 'none' }];
    expect(await plans()).toEqual(nothing);
    expect(await plans({ cni: { interface: 'eth1' } })).toMatchObject([{ change: 'update' }, {}]);
    expect(await plans({ podSubnet: '10.32.0.0/16' })).toMatchObject([{ change: 'update' }, {}]);
    expect(await plans({ cni: { backend: 'host-gw' } })).toMatchObject([{ change: 'update' }, {}]);
    // kbs's own asks the API where kubelets do.
    await run(step());
    expect(JSON.stringify(await plans())).toContain('KUBERNETES_SERVICE_HOST');
  });

  test('keep the Corefile and the number of replicas an operator has set', async () => {
    const corefile = { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'kube-system', name: 'coredns' };
    const deployment = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'kube-system', name: 'coredns' };
    const asOperator = (path: string, patch: object) =>
      api.request('PATCH', `${path}?fieldManager=kubectl-edit`, {
        body: JSON.stringify(patch),
        contentType: 'application/merge-patch+json',
      });
    await asOperator('/api/v1/namespaces/kube-system/configmaps/coredns', { data: { Corefile: 'example.org {}\n' } });
    await asOperator('/apis/apps/v1/namespaces/kube-system/deployments/coredns', { spec: { replicas: 5 } });
    expect(await planOf(step())).toEqual({ change: 'none' });
    await run(step());
    expect(await api.read(corefile)).toMatchObject({ data: { Corefile: 'example.org {}\n' } });
    expect(await api.read(deployment)).toMatchObject({ spec: { replicas: 5 } });
  });

  test('keep how often kubeadm asks CoreDNS whether it is ready, and all else of the probe', async () => {
    const deployment = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'kube-system', name: 'coredns' };
    const probe = async (): Promise<unknown> => {
      const live = (await api.read(deployment)) as { spec?: { template: { spec: { containers: readonly { readinessProbe: object }[] } } } };
      return live.spec?.template.spec.containers[0]?.readinessProbe;
    };
    const httpGet = { path: '/ready', port: 8181, scheme: 'HTTP' };
    expect(await probe()).toMatchObject({ httpGet, periodSeconds: 1, failureThreshold: 10 });
    const container = { name: 'coredns', readinessProbe: { periodSeconds: 10, failureThreshold: 3 } };
    await api.request('PATCH', '/apis/apps/v1/namespaces/kube-system/deployments/coredns?fieldManager=kubeadm', {
      body: JSON.stringify({ spec: { template: { spec: { containers: [container] } } } }),
      contentType: 'application/strategic-merge-patch+json',
    });
    expect(await planOf(step())).toEqual({ change: 'none' });
    await run(step());
    expect(await probe()).toMatchObject({ httpGet, periodSeconds: 10, failureThreshold: 3 });
  });

  test('of kind Secret never show their values in a plan', async () => {
    const token = createBootstrapToken();
    const secret = (description: string) => bootstrapTokenSecret({ token, description, expires: undefined });
    const base64 = Buffer.from(token.secret.reveal()).toString('base64');
    const created = await api.diff(secret('first'));
    await api.apply(secret('first'));
    const changed = await api.diff(secret('second'));
    expect(created.change).toBe('create');
    expect(changed.change).toBe('update');
    expect(JSON.stringify([created, changed])).not.toContain(base64);
    expect(changed.after).toContain('description: (hidden, other than before)');
  });

  test('of any kind the API server has are found by discovery', async () => {
    const priorityClass = { apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', metadata: { name: 'test' }, value: 7 };
    expect(await api.apply(priorityClass)).toBe('created');
    expect(await api.read({ apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', name: 'test' })).toMatchObject({ value: 7 });
    expect(await api.read({ apiVersion: 'nowhere.example.org/v1', kind: 'Nothing', name: 'x' })).toBeUndefined();
  });

  test('that the server refuses end in an error with its reason and the object', async () => {
    const bad = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'bad', namespace: 'default' }, spec: { ports: [{ port: 99_999 }] } };
    const error: unknown = await api.apply(bad).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'KUBE_API' });
    expect((error as Error).message).toContain('Service default/bad');
    expect(apiReason(error)).toBe('Invalid');
  });

  test('can be applied while the API server restarts', async () => {
    const restarted = cluster.restartApiServer();
    const configMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'during', namespace: 'default' }, data: { a: 'b' } };
    expect(await api.apply(configMap)).toBe('created');
    await restarted;
  });
});

describe('pods that read their configuration only when they start', () => {
  test('are planned to restart when it changed after them, and before it is changed', async () => {
    const changed = { ...kubeProxy, config: 'mode: ipvs' };
    const restart = (input: KubeProxyInput): AnyStep =>
      restartStep({
        id: 'test/restart',
        title: 'restart',
        kube: cluster.kube,
        configMap: () => kubeProxyConfigMap(input),
        podSelector: 'k8s-app=kube-proxy',
      });
    await api.apply({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'kube-proxy-test', namespace: 'kube-system', labels: { 'k8s-app': 'kube-proxy' } },
      spec: { serviceAccountName: 'kube-proxy', containers: [{ name: 'a', image: 'a:1' }] },
    });
    expect(await planOf(restart(kubeProxy))).toEqual({ change: 'none' });
    expect(await planOf(restart(changed))).toMatchObject({ change: 'update' });
    // The API's times have whole seconds.
    await new Promise((resolve) => setTimeout(resolve, 1100));
    await api.apply(kubeProxyConfigMap(changed));
    expect(await planOf(restart(changed))).toMatchObject({
      change: 'update',
      summary: expect.stringContaining('restart 1 pods') as string,
    });
  });
});

describe('nodes on a real API server', () => {
  const workerOf = (labels: Record<string, string>, taints?: NodeSettings['taints']): NodeSettings => ({
    ...nodeSettings({ name: 'w1', roles: ['worker'], labels, taints: undefined }, CRI_SOCKET),
    ...(taints === undefined ? {} : { taints }),
  });
  const step = (settings: NodeSettings): AnyStep => nodeStep({ spec, kube: cluster.kube }, settings);
  const node = async (name: string) => {
    const found = await api.read({ apiVersion: 'v1', kind: 'Node', name });
    return { metadata: found?.metadata, spec: found?.['spec'] as { podCIDR?: string; taints?: readonly { key: string }[] } };
  };

  test('of a new cluster are registered with labels, taint and a pod CIDR of their own', async () => {
    await run(step(nodeSettings({ name: 'cp1', roles: ['control-plane'], labels: {}, taints: undefined }, CRI_SOCKET)));
    await run(step(workerOf({ disk: 'ssd' })));
    expect(await node('cp1')).toMatchObject({
      metadata: {
        labels: { 'node-role.kubernetes.io/control-plane': '', 'node.kubernetes.io/exclude-from-external-load-balancers': '' },
        annotations: { 'kubeadm.alpha.kubernetes.io/cri-socket': CRI_SOCKET },
      },
      spec: { podCIDR: '10.244.0.0/24' },
    });
    expect((await node('cp1')).spec.taints).toContainEqual({ key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule' });
    expect((await node('w1')).spec.podCIDR).toBe('10.244.1.0/24');
    expect(await planOf(step(workerOf({ disk: 'ssd' })))).toEqual({ change: 'none' });
  });

  test('keep the taint of a new node that is not Ready, also when they are applied again', async () => {
    expect((await node('w1')).spec.taints?.map(({ key }) => key)).toEqual(['node.kubernetes.io/not-ready']);
    await run(step(workerOf({ disk: 'hdd' })));
    expect((await node('w1')).spec.taints?.map(({ key }) => key)).toEqual(['node.kubernetes.io/not-ready']);
  });

  test('lose a label the file no longer declares, and keep one that somebody else has set', async () => {
    await api.request('PATCH', '/api/v1/nodes/w1?fieldManager=kubectl-label', {
      body: JSON.stringify({ metadata: { labels: { theirs: 'yes' } } }),
      contentType: 'application/merge-patch+json',
    });
    await run(step(workerOf({ zone: 'a' })));
    const { metadata } = await node('w1');
    expect(metadata?.labels).toMatchObject({ zone: 'a', theirs: 'yes' });
    expect(metadata?.labels).not.toHaveProperty('disk');
  });

  test('lose a taint the file no longer declares, and keep those of controllers', async () => {
    const mine = { key: 'dedicated', value: 'db', effect: 'NoSchedule' } as const;
    await run(step(workerOf({ zone: 'a' }, [mine])));
    expect((await node('w1')).spec.taints).toContainEqual(mine);
    expect(await planOf(step(workerOf({ zone: 'a' }, [mine])))).toEqual({ change: 'none' });
    await run(step(workerOf({ zone: 'a' }, [])));
    // The API server itself taints new nodes as not ready.
    expect((await node('w1')).spec.taints?.map(({ key }) => key)).toEqual(['node.kubernetes.io/not-ready']);
  });
});

describe('beside a real controller manager', () => {
  test('pod CIDRs of kbs stay, further nodes get others from it, and cluster-info is signed without becoming a difference', async () => {
    const token = createBootstrapToken();
    await api.apply(bootstrapTokenSecret({ token, description: 'test', expires: new Date(Date.now() + 3_600_000) }));
    await cluster.startControllerManager(
      ...['--allocate-node-cidrs=true', '--cluster-cidr=10.244.0.0/16', '--service-cluster-ip-range=10.96.0.0/12'],
      '--controllers=nodeipam,bootstrapsigner,tokencleaner,serviceaccount',
    );
    await api.apply({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'later' } });
    const nodes = async () => {
      const list = await api.list({ apiVersion: 'v1', kind: 'Node' });
      return new Map(list.map((one) => [one.metadata.name, (one['spec'] as { podCIDR?: string }).podCIDR]));
    };
    const later = await waitFor({
      what: 'a pod CIDR from the controller manager',
      forMs: 60_000,
      signal,
      probe: async () => {
        const cidr = (await nodes()).get('later');
        return cidr === undefined ? { done: false, seen: 'none' } : { done: true, value: cidr };
      },
    });
    expect(await nodes()).toEqual(
      new Map([
        ['cp1', '10.244.0.0/24'],
        ['w1', '10.244.1.0/24'],
        ['later', later],
      ]),
    );
    expect(['10.244.0.0/24', '10.244.1.0/24']).not.toContain(later);
    const clusterInfo = kubeadmContractObjects(contract).find(({ metadata }) => metadata.name === 'cluster-info');
    if (clusterInfo === undefined) throw new Error('no cluster-info');
    await waitFor({
      what: 'the signature of the bootstrap token',
      forMs: 30_000,
      signal,
      probe: async () => {
        const live = await api.read({ apiVersion: 'v1', kind: 'ConfigMap', namespace: 'kube-public', name: 'cluster-info' });
        const signed = Object.keys(live?.['data'] ?? {}).includes(`jws-kubeconfig-${token.id}`);
        return signed ? { done: true, value: true } : { done: false, seen: 'not signed' };
      },
    });
    expect(await api.diff(clusterInfo)).toEqual({ change: 'none' });
  });

  test('a node that comes once it leads gets no pod CIDR from kbs', async () => {
    const settings = nodeSettings({ name: 'cp2', roles: ['control-plane'], labels: {}, taints: undefined }, CRI_SOCKET);
    const plan = await planOf(nodeStep({ spec: aClusterSpec({ controlPlanes: 2 }), kube: cluster.kube }, settings));
    expect(plan).toMatchObject({ change: 'create' });
    expect(JSON.stringify(plan)).not.toContain('podCIDR');
  });
});

describe('Calico on a real API server', () => {
  const images = { node: 'node:1', cni: 'cni:1', kubeControllers: 'controllers:1', typha: 'typha:1' };
  const input: CalicoInput = {
    mode: 'vxlan',
    podSubnet: '10.244.0.0/16',
    blockSize: 26,
    asNumber: 64512,
    hasRouteReflectors: false,
    mtu: 0,
    autodetection: 'kubernetes-internal-ip',
    mtuInterfaces: '^eth.*',
    typhaReplicas: 0,
    api: { host: '10.0.0.11', port: 6443 },
    images,
  };
  const MODES: readonly CalicoInput[] = [
    input,
    { ...input, mode: 'vxlan-cross-subnet', mtu: 1400 },
    { ...input, mode: 'ipip' },
    { ...input, mode: 'bgp', hasRouteReflectors: true, typhaReplicas: 3 },
  ];
  const calico = { type: 'calico' as const, calico: { mode: 'bgp' as const, routeReflectors: ['cp1'] } };
  const calicoSpec = {
    ...spec,
    network: { ...spec.network, cni: { ...spec.network.cni, ...calico, calico: { ...spec.network.cni.calico, ...calico.calico } } },
  };
  const { node: calicoNode, cni: calicoCni, kubeControllers: calicoKubeControllers, typha: calicoTypha } = images;
  const steps = (): readonly AnyStep[] =>
    calicoSteps({
      spec: calicoSpec,
      kube: cluster.kube,
      images: { calicoNode, calicoCni, calicoKubeControllers, calicoTypha } as ClusterImages,
    });

  test('its kinds, its settings and its workloads are made in this order, and then nothing is left to plan', async () => {
    for (const step of steps()) await run(step);
    for (const step of steps()) expect({ id: step.id, plan: await planOf(step) }).toEqual({ id: step.id, plan: { change: 'none' } });
    const definitions = await api.list({ apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' });
    expect(definitions.filter(({ metadata }) => metadata.name.endsWith('.crd.projectcalico.org'))).toHaveLength(calicoDefinitions().length);
  });

  test('every object of every mode passes the API server’s own validation', async () => {
    for (const mode of MODES) {
      const objects = [...calicoDefinitions(), ...calicoResources(mode), ...calicoObjects(mode)];
      const diffs = await atOnce(8, objects, (object) => api.diff(object));
      expect(diffs).toHaveLength(objects.length);
    }
  });

  test('a pool whose mode is none is refused, and fields kbs does not know stay', async () => {
    const pool = (fields: object) => ({
      apiVersion: 'crd.projectcalico.org/v1',
      kind: 'IPPool',
      metadata: { name: 'another' },
      spec: { cidr: '10.9.0.0/16', ...fields },
    });
    await expect(api.apply(pool({ vxlanMode: 'Sometimes' }))).rejects.toSatisfy((error) => apiReason(error) === 'Invalid');
    await api.apply(pool({ somethingOfTomorrow: 1 }));
    expect(await api.read({ apiVersion: 'crd.projectcalico.org/v1', kind: 'IPPool', name: 'another' })).toMatchObject({
      spec: { somethingOfTomorrow: 1 },
    });
  });
});
