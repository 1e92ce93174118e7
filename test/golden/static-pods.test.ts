import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import {
  renderApiServer,
  renderControllerManager,
  renderEtcd,
  renderScheduler,
  type ApiServerInput,
  type ControllerManagerInput,
  type EtcdInput,
  type SchedulerInput,
} from '../../src/render/index.js';

const NO_CHANGES = { extraArgs: {}, extraVolumes: [] };
const TRUST = ['/etc/ca-certificates', '/usr/share/ca-certificates', '/usr/local/share/ca-certificates'];

function apiServer(change: Partial<ApiServerInput> = {}): string {
  return renderApiServer({
    image: 'registry.k8s.io/kube-apiserver:v1.25.16',
    advertiseAddress: '192.0.2.11',
    bindPort: 6443,
    serviceSubnet: '10.96.0.0/12',
    dnsDomain: 'cluster.local',
    trustDirectories: TRUST,
    ...NO_CHANGES,
    ...change,
  });
}

function controllerManager(change: Partial<ControllerManagerInput> = {}): string {
  return renderControllerManager({
    image: 'registry.k8s.io/kube-controller-manager:v1.25.16',
    advertiseAddress: '192.0.2.11',
    clusterName: 'kubernetes',
    podSubnet: '10.244.0.0/16',
    serviceSubnet: '10.96.0.0/12',
    trustDirectories: TRUST,
    ...NO_CHANGES,
    ...change,
  });
}

function scheduler(change: Partial<SchedulerInput> = {}): string {
  return renderScheduler({
    image: 'registry.k8s.io/kube-scheduler:v1.25.16',
    advertiseAddress: '192.0.2.11',
    ...NO_CHANGES,
    ...change,
  });
}

function etcd(change: Partial<EtcdInput> = {}): string {
  return renderEtcd({
    image: 'registry.k8s.io/etcd:3.5.9-0',
    nodeName: 'cp1',
    advertiseAddress: '192.0.2.11',
    dataDir: '/var/lib/etcd',
    initialCluster: 'cp1=https://192.0.2.11:2380',
    extraArgs: {},
    ...change,
  });
}

const THREE_MEMBERS = ['11', '12', '13'].map((byte, index) => `cp${index + 1}=https://192.0.2.${byte}:2380`).join(',');
const AUDIT = { name: 'audit', hostPath: '/var/log/kubernetes', mountPath: '/var/log/kubernetes', readOnly: false };

const CASES: Readonly<Record<string, string>> = {
  'kube-apiserver': apiServer(),
  'kube-apiserver-ipv6': apiServer({ advertiseAddress: '2001:db8::11', serviceSubnet: 'fd00:10:96::/112' }),
  'kube-apiserver-external-etcd': apiServer({ etcdEndpoints: ['https://192.0.2.31:2379', 'https://192.0.2.32:2379'] }),
  'kube-apiserver-without-trust-directories': apiServer({ trustDirectories: [] }),
  'kube-apiserver-own-flags-and-volumes': apiServer({
    bindPort: 8443,
    extraArgs: {
      'audit-log-path': '/var/log/kubernetes/audit.log',
      'authorization-mode': 'Node,RBAC,Webhook',
      'feature-gates': 'A=true, B=false',
    },
    extraVolumes: [
      AUDIT,
      { name: 'k8s-certs', hostPath: '/srv/pki', mountPath: '/etc/kubernetes/pki', readOnly: true, pathType: 'Directory' },
    ],
  }),
  'kube-controller-manager': controllerManager(),
  'kube-controller-manager-ipv6': controllerManager({ advertiseAddress: '2001:db8::11' }),
  'kube-controller-manager-own-flags': controllerManager({
    extraArgs: { 'bind-address': '0.0.0.0', 'flex-volume-plugin-dir': '/opt/volume-plugins', 'node-cidr-mask-size': '25' },
  }),
  'kube-scheduler': scheduler(),
  'kube-scheduler-ipv6': scheduler({ advertiseAddress: '2001:db8::11' }),
  'kube-scheduler-own-flags-and-volumes': scheduler({ extraArgs: { v: '4' }, extraVolumes: [{ ...AUDIT, readOnly: true }] }),
  etcd: etcd(),
  'etcd-three-members-at-once': etcd({ initialCluster: THREE_MEMBERS }),
  'etcd-joining': etcd({ nodeName: 'cp3', advertiseAddress: '192.0.2.13', initialCluster: THREE_MEMBERS, initialClusterState: 'existing' }),
  'etcd-ipv6': etcd({ advertiseAddress: '2001:db8::11', initialCluster: 'cp1=https://[2001:db8::11]:2380' }),
  'etcd-own-flags': etcd({
    dataDir: '/srv/etcd',
    extraArgs: { 'listen-metrics-urls': 'http://0.0.0.0:2391,http://127.0.0.1:2381', 'quota-backend-bytes': '8589934592' },
  }),
};

interface Container {
  readonly command: readonly string[];
  readonly livenessProbe: { readonly httpGet: { readonly host?: string; readonly port: number } };
  readonly volumeMounts: readonly { readonly name: string }[];
}

interface Pod {
  readonly spec: { readonly containers: readonly [Container]; readonly volumes: readonly { readonly name: string }[] };
}

function podOf(name: keyof typeof CASES): Pod {
  return parse(CASES[name] ?? '') as Pod;
}

function flagsOf(name: keyof typeof CASES): Readonly<Record<string, string>> {
  const [, ...flags] = podOf(name).spec.containers[0].command;
  return Object.fromEntries(flags.map((flag) => /^--([^=]+)=(.*)$/.exec(flag)?.slice(1) as [string, string]));
}

test.each(Object.entries(CASES))('the static pod %s is what it was', async (name, text) => {
  await expect(text).toMatchFileSnapshot(`static-pods/${name}.yaml`);
});

test.each(Object.keys(CASES))('the static pod %s has sorted flags and a volume for each mount', (name) => {
  const { containers, volumes } = podOf(name).spec;
  const [, ...flags] = containers[0].command;
  const names = flags.map((flag) => flag.split('=')[0]);
  expect(names).toEqual([...names].sort());
  expect(containers[0].volumeMounts.map((mount) => mount.name).sort()).toEqual(volumes.map((volume) => volume.name));
});

describe('the flags of kubeadm v1.25', () => {
  const pki = '/etc/kubernetes/pki';

  test('are those of kube-apiserver', () => {
    expect(flagsOf('kube-apiserver')).toEqual({
      'advertise-address': '192.0.2.11',
      'allow-privileged': 'true',
      'authorization-mode': 'Node,RBAC',
      'client-ca-file': `${pki}/ca.crt`,
      'enable-admission-plugins': 'NodeRestriction',
      'enable-bootstrap-token-auth': 'true',
      'etcd-cafile': `${pki}/etcd/ca.crt`,
      'etcd-certfile': `${pki}/apiserver-etcd-client.crt`,
      'etcd-keyfile': `${pki}/apiserver-etcd-client.key`,
      'etcd-servers': 'https://127.0.0.1:2379',
      'kubelet-client-certificate': `${pki}/apiserver-kubelet-client.crt`,
      'kubelet-client-key': `${pki}/apiserver-kubelet-client.key`,
      'kubelet-preferred-address-types': 'InternalIP,ExternalIP,Hostname',
      'proxy-client-cert-file': `${pki}/front-proxy-client.crt`,
      'proxy-client-key-file': `${pki}/front-proxy-client.key`,
      'requestheader-allowed-names': 'front-proxy-client',
      'requestheader-client-ca-file': `${pki}/front-proxy-ca.crt`,
      'requestheader-extra-headers-prefix': 'X-Remote-Extra-',
      'requestheader-group-headers': 'X-Remote-Group',
      'requestheader-username-headers': 'X-Remote-User',
      'secure-port': '6443',
      'service-account-issuer': 'https://kubernetes.default.svc.cluster.local',
      'service-account-key-file': `${pki}/sa.pub`,
      'service-account-signing-key-file': `${pki}/sa.key`,
      'service-cluster-ip-range': '10.96.0.0/12',
      'tls-cert-file': `${pki}/apiserver.crt`,
      'tls-private-key-file': `${pki}/apiserver.key`,
    });
  });

  test('are those of kube-controller-manager', () => {
    const kubeconfig = '/etc/kubernetes/controller-manager.conf';
    expect(flagsOf('kube-controller-manager')).toEqual({
      'allocate-node-cidrs': 'true',
      'authentication-kubeconfig': kubeconfig,
      'authorization-kubeconfig': kubeconfig,
      'bind-address': '127.0.0.1',
      'client-ca-file': `${pki}/ca.crt`,
      'cluster-cidr': '10.244.0.0/16',
      'cluster-name': 'kubernetes',
      'cluster-signing-cert-file': `${pki}/ca.crt`,
      'cluster-signing-key-file': `${pki}/ca.key`,
      controllers: '*,bootstrapsigner,tokencleaner',
      kubeconfig,
      'leader-elect': 'true',
      'requestheader-client-ca-file': `${pki}/front-proxy-ca.crt`,
      'root-ca-file': `${pki}/ca.crt`,
      'service-account-private-key-file': `${pki}/sa.key`,
      'service-cluster-ip-range': '10.96.0.0/12',
      'use-service-account-credentials': 'true',
    });
  });

  test('are those of kube-scheduler', () => {
    const kubeconfig = '/etc/kubernetes/scheduler.conf';
    expect(flagsOf('kube-scheduler')).toEqual({
      'authentication-kubeconfig': kubeconfig,
      'authorization-kubeconfig': kubeconfig,
      'bind-address': '127.0.0.1',
      kubeconfig,
      'leader-elect': 'true',
    });
  });

  test('are those of etcd', () => {
    expect(flagsOf('etcd')).toEqual({
      'advertise-client-urls': 'https://192.0.2.11:2379',
      'cert-file': `${pki}/etcd/server.crt`,
      'client-cert-auth': 'true',
      'data-dir': '/var/lib/etcd',
      'experimental-initial-corrupt-check': 'true',
      'experimental-watch-progress-notify-interval': '5s',
      'initial-advertise-peer-urls': 'https://192.0.2.11:2380',
      'initial-cluster': 'cp1=https://192.0.2.11:2380',
      'key-file': `${pki}/etcd/server.key`,
      'listen-client-urls': 'https://127.0.0.1:2379,https://192.0.2.11:2379',
      'listen-metrics-urls': 'http://127.0.0.1:2381',
      'listen-peer-urls': 'https://192.0.2.11:2380',
      name: 'cp1',
      'peer-cert-file': `${pki}/etcd/peer.crt`,
      'peer-client-cert-auth': 'true',
      'peer-key-file': `${pki}/etcd/peer.key`,
      'peer-trusted-ca-file': `${pki}/etcd/ca.crt`,
      'snapshot-count': '10000',
      'trusted-ca-file': `${pki}/etcd/ca.crt`,
    });
  });
});

describe('what a host or user decides', () => {
  test('a user’s flag replaces the default and leaves the others alone', () => {
    const { 'authorization-mode': mode, ...others } = flagsOf('kube-apiserver-own-flags-and-volumes');
    expect(mode).toBe('Node,RBAC,Webhook');
    expect(others).toMatchObject({ 'feature-gates': 'A=true, B=false', 'secure-port': '8443', 'allow-privileged': 'true' });
  });

  test('a user’s volume joins the defaults, and replaces the one of its name', () => {
    const { volumes } = podOf('kube-apiserver-own-flags-and-volumes').spec;
    expect(volumes).toContainEqual({ name: 'audit', hostPath: { path: '/var/log/kubernetes', type: '' } });
    expect(volumes.filter(({ name }) => name === 'k8s-certs')).toEqual([
      { name: 'k8s-certs', hostPath: { path: '/srv/pki', type: 'Directory' } },
    ]);
  });

  test('a folder of CA certificates is mounted only where the host has it', () => {
    const names = (name: string): readonly string[] => podOf(name).spec.volumes.map((volume) => volume.name);
    expect(names('kube-apiserver-without-trust-directories')).toEqual(['ca-certs', 'k8s-certs']);
    expect(names('kube-apiserver')).toContain('usr-share-ca-certificates');
    expect(names('kube-apiserver')).not.toContain('etc-pki');
  });

  test('IPv6 addresses stand in brackets in URLs, and the loopback address follows the family', () => {
    expect(flagsOf('etcd-ipv6')).toMatchObject({
      'initial-cluster': 'cp1=https://[2001:db8::11]:2380',
      'listen-client-urls': 'https://[::1]:2379,https://[2001:db8::11]:2379',
    });
    expect(flagsOf('kube-apiserver-ipv6')['etcd-servers']).toBe('https://[::1]:2379');
    expect(flagsOf('kube-scheduler-ipv6')['bind-address']).toBe('::1');
  });

  test.each([
    ['etcd', '127.0.0.1', 2381],
    ['etcd-ipv6', '::1', 2381],
    ['etcd-own-flags', undefined, 2391],
    ['kube-controller-manager-own-flags', undefined, 10257],
    ['kube-apiserver-ipv6', '2001:db8::11', 6443],
    ['kube-apiserver-own-flags-and-volumes', '192.0.2.11', 8443],
  ])('the health of %s is asked where it listens', (name, host, port) => {
    const { httpGet } = podOf(name).spec.containers[0].livenessProbe;
    expect([httpGet.host, httpGet.port]).toEqual([host, port]);
  });

  test('a metrics URL of etcd that is none is told to the user', () => {
    expect(() => etcd({ extraArgs: { 'listen-metrics-urls': '127.0.0.1' } })).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
  });

  test('a joining member says so, and new ones started together do not', () => {
    expect(flagsOf('etcd-joining')['initial-cluster-state']).toBe('existing');
    expect(flagsOf('etcd-three-members-at-once')).not.toHaveProperty('initial-cluster-state');
  });
});
