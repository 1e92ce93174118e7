import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { describeRef, refOf, type KubeObject } from '../../../../src/kube/index.js';
import {
  bootstrapTokenSecret,
  coreDnsInput,
  coreDnsObjects,
  kubeadmContractInput,
  kubeadmContractObjects,
  nodesWithNetwork,
  nodesWithoutNetwork,
} from '../../../../src/phases/cluster-objects/index.js';
import {
  flannelCniConfig,
  flannelInput,
  flannelObjects,
  kubeProxyInput,
  kubeProxyObjects,
} from '../../../../src/phases/pod-network/index.js';
import { parseBootstrapToken } from '../../../../src/pki/index.js';
import { clusterImages, type ComponentVersions } from '../../../../src/versions/index.js';
import { parseYamlStream } from '../../../../src/yaml/index.js';
import { aClusterSpec, type ClusterSpecOptions } from '../../../support/cluster-spec.js';

const CA = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';

const VERSIONS: ComponentVersions = {
  kubernetes: 'v1.25.0',
  etcd: '3.5.4-0',
  etcdRelease: '3.5.4',
  coredns: 'v1.9.3',
  pause: '3.8',
  containerd: '1.6.28',
  runc: '1.1.12',
  crio: '1.25.4',
  criDockerd: '0.3.4',
  cniPlugins: '1.3.0',
  crictl: '1.25.0',
  flannel: 'v0.22.3',
  flannelCniPlugin: 'v1.2.0',
  calico: 'v3.25.2',
  gvisor: '20230807',
  kata: '3.1.3',
  kubeRouter: 'v1.3.2',
  agnhost: '2.40',
  haproxy: '2.6.12',
  kubeVip: 'v0.5.12',
};

function context(options: ClusterSpecOptions = {}, flannel = VERSIONS.flannel) {
  const spec = aClusterSpec(options);
  const versions = { ...VERSIONS, flannel };
  return { spec, versions, images: clusterImages(spec, versions) };
}

function everything(options: ClusterSpecOptions = {}): readonly KubeObject[] {
  const slice = context(options);
  return [
    ...kubeadmContractObjects(kubeadmContractInput(slice, CA)),
    ...kubeProxyObjects(kubeProxyInput(slice)),
    ...coreDnsObjects(coreDnsInput(slice)),
    ...flannelObjects(flannelInput(slice)),
  ];
}

function find(objects: readonly KubeObject[], name: string): KubeObject {
  const found = objects.find((object) => describeRef(refOf(object)) === name);
  if (found === undefined) throw new Error(`no ${name} among ${objects.map((object) => describeRef(refOf(object))).join(', ')}`);
  return found;
}

function dataOf(object: KubeObject): Readonly<Record<string, string>> {
  return object['data'] as Readonly<Record<string, string>>;
}

describe('the objects of a cluster', () => {
  test('are those of kubeadm v1.25 and of flannel, each once', () => {
    expect(
      everything()
        .map((object) => describeRef(refOf(object)))
        .sort(),
    ).toEqual([
      'ClusterRole flannel',
      'ClusterRole kubeadm:get-nodes',
      'ClusterRole system:coredns',
      'ClusterRoleBinding flannel',
      'ClusterRoleBinding kubeadm:get-nodes',
      'ClusterRoleBinding kubeadm:kubelet-bootstrap',
      'ClusterRoleBinding kubeadm:node-autoapprove-bootstrap',
      'ClusterRoleBinding kubeadm:node-autoapprove-certificate-rotation',
      'ClusterRoleBinding kubeadm:node-proxier',
      'ClusterRoleBinding system:coredns',
      'ConfigMap kube-flannel/kube-flannel-cfg',
      'ConfigMap kube-public/cluster-info',
      'ConfigMap kube-system/coredns',
      'ConfigMap kube-system/kube-proxy',
      'ConfigMap kube-system/kubeadm-config',
      'ConfigMap kube-system/kubelet-config',
      'DaemonSet kube-flannel/kube-flannel-ds',
      'DaemonSet kube-system/kube-proxy',
      'Deployment kube-system/coredns',
      'Namespace kube-flannel',
      'Role kube-public/kubeadm:bootstrap-signer-clusterinfo',
      'Role kube-system/kube-proxy',
      'Role kube-system/kubeadm:kubelet-config',
      'Role kube-system/kubeadm:nodes-kubeadm-config',
      'RoleBinding kube-public/kubeadm:bootstrap-signer-clusterinfo',
      'RoleBinding kube-system/kube-proxy',
      'RoleBinding kube-system/kubeadm:kubelet-config',
      'RoleBinding kube-system/kubeadm:nodes-kubeadm-config',
      'Service kube-system/kube-dns',
      'ServiceAccount kube-flannel/flannel',
      'ServiceAccount kube-system/coredns',
      'ServiceAccount kube-system/kube-proxy',
    ]);
  });

  test('have an image in every container, and none of another cluster’s registry', () => {
    const images = everything({ spec: { imageRepository: 'registry.example.org/k8s' } })
      .flatMap((object) => [...JSON.stringify(object).matchAll(/"image":"([^"]+)"/g)])
      .map(([, image]) => image);
    expect(new Set(images)).toEqual(
      new Set([
        'registry.example.org/k8s/kube-proxy:v1.25.0',
        'registry.example.org/k8s/coredns:v1.9.3',
        'docker.io/flannel/flannel:v0.22.3',
        'docker.io/flannel/flannel-cni-plugin:v1.2.0',
      ]),
    );
  });

  test('reach the API at the control-plane endpoint', () => {
    const objects = everything({ controlPlanes: 3 });
    for (const [name, key] of [
      ['ConfigMap kube-system/kube-proxy', 'kubeconfig.conf'],
      ['ConfigMap kube-public/cluster-info', 'kubeconfig'],
    ] as const) {
      const [text] = parseYamlStream(dataOf(find(objects, name))[key] ?? '') as readonly {
        clusters: readonly { cluster: { server: string } }[];
      }[];
      expect(text?.clusters[0]?.cluster.server).toBe('https://k8s.example.org:6443');
    }
    const [config] = parseYamlStream(dataOf(find(objects, 'ConfigMap kube-system/kubeadm-config'))['ClusterConfiguration'] ?? '');
    expect(config).toMatchObject({ controlPlaneEndpoint: 'k8s.example.org:6443' });
  });

  test('have the tenth service address as cluster DNS', () => {
    const objects = everything({ spec: { network: { serviceSubnet: '172.20.0.0/16' } } });
    expect(find(objects, 'Service kube-system/kube-dns')).toMatchObject({ spec: { clusterIP: '172.20.0.10' } });
  });

  test('tell kubeadm by a digest that a configuration is its own to upgrade, and not when the user changed it', () => {
    const annotation = 'kubeadm.kubernetes.io/component-config.hash';
    const own = find(everything(), 'ConfigMap kube-system/kube-proxy');
    const digest = createHash('sha256')
      .update(`${dataOf(own)['config.conf']}${dataOf(own)['kubeconfig.conf']}`)
      .digest('hex');
    expect(own.metadata.annotations).toEqual({ [annotation]: `sha256:${digest}` });
    expect(find(everything(), 'ConfigMap kube-system/kubelet-config').metadata.annotations).toHaveProperty([annotation]);
    const changed = everything({
      spec: { kubelet: { config: { maxPods: 50 } }, network: { kubeProxy: { config: { conntrack: { maxPerCore: 0 } } } } },
    });
    for (const name of ['ConfigMap kube-system/kube-proxy', 'ConfigMap kube-system/kubelet-config']) {
      expect(find(changed, name).metadata.annotations).toBeUndefined();
    }
    expect(dataOf(find(changed, 'ConfigMap kube-system/kube-proxy'))['config.conf']).toContain('maxPerCore: 0');
  });
});

describe('flannel', () => {
  const daemonSet = (objects: readonly KubeObject[]) => JSON.stringify(find(objects, 'DaemonSet kube-flannel/kube-flannel-ds'));

  test('has the same CNI configuration as the hosts get beforehand', () => {
    const objects = flannelObjects(flannelInput(context()));
    expect(dataOf(find(objects, 'ConfigMap kube-flannel/kube-flannel-cfg'))['cni-conf.json']).toBe(flannelCniConfig());
    expect(JSON.parse(flannelCniConfig())).toMatchObject({
      name: 'cbr0',
      cniVersion: '0.3.1',
      plugins: [
        { type: 'flannel', delegate: { hairpinMode: true, isDefaultGateway: true } },
        { type: 'portmap', capabilities: { portMappings: true } },
      ],
    });
  });

  test('has the pod subnet of the cluster', () => {
    const objects = flannelObjects(flannelInput(context({ spec: { network: { podSubnet: '10.32.0.0/16' } } })));
    expect(JSON.parse(dataOf(find(objects, 'ConfigMap kube-flannel/kube-flannel-cfg'))['net-conf.json'] ?? '')).toMatchObject({
      Network: '10.32.0.0/16',
      Backend: { Type: 'vxlan' },
    });
  });

  test('uses the interface with the node’s address, or the one the file names', () => {
    expect(daemonSet(flannelObjects(flannelInput(context())))).toContain('--iface=$(HOST_IP)');
    const named = context({ spec: { network: { cni: { interface: 'eth1' } } } });
    expect(daemonSet(flannelObjects(flannelInput(named)))).toContain('--iface=eth1');
  });

  test.each([
    ['v0.19.2', false],
    ['v0.20.2', false],
    ['v0.21.0', true],
    ['v0.22.3', true],
  ])('%s asks for ClusterCIDRs: %s', (version, asks) => {
    const role = find(flannelObjects(flannelInput(context({}, version))), 'ClusterRole flannel');
    expect(JSON.stringify(role).includes('clustercidrs')).toBe(asks);
  });
});

describe('a bootstrap token', () => {
  test('is stored with both usages, the group of joining nodes and its end in whole seconds', () => {
    const secret = bootstrapTokenSecret({
      token: parseBootstrapToken('abcdef.0123456789abcdef'),
      description: 'for a test',
      expires: new Date('2023-01-02T03:04:05.678Z'),
    });
    expect(secret).toMatchObject({
      type: 'bootstrap.kubernetes.io/token',
      metadata: { name: 'bootstrap-token-abcdef', namespace: 'kube-system' },
    });
    const data = Object.fromEntries(Object.entries(dataOf(secret)).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]));
    expect(data).toEqual({
      'auth-extra-groups': 'system:bootstrappers:kubeadm:default-node-token',
      description: 'for a test',
      expiration: '2023-01-02T03:04:05Z',
      'token-id': 'abcdef',
      'token-secret': '0123456789abcdef',
      'usage-bootstrap-authentication': 'true',
      'usage-bootstrap-signing': 'true',
    });
  });
});

describe('the wait for the pod network', () => {
  const node = (name: string, conditions: Record<string, string>): KubeObject => ({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name },
    status: { conditions: Object.entries(conditions).map(([type, status]) => ({ type, status })) },
  });

  test('is for nodes that take pods only, and ends for each when flannel says it is up', () => {
    const nodes = [
      node('up', { Ready: 'True', NetworkUnavailable: 'False' }),
      node('coming', { Ready: 'True' }),
      node('registered', {}),
      node('down', { Ready: 'Unknown', NetworkUnavailable: 'False' }),
    ];
    expect(nodesWithoutNetwork(nodes)).toEqual(['coming']);
    expect(nodesWithNetwork(nodes)).toEqual(['up']);
  });
});
