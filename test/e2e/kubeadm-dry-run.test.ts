import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { clusterSpecOf, type ClusterFileInput } from '../../src/config/index.js';
import { PATHS } from '../../src/constants/index.js';
import type { KubeObject } from '../../src/kube/index.js';
import { controlPlaneNode } from '../../src/phases/access.js';
import { coreDnsInput, coreDnsObjects, kubeadmContractInput, kubeadmContractObjects } from '../../src/phases/cluster-objects/index.js';
import { apiServerManifest, controllerManagerManifest, etcdManifest, schedulerManifest } from '../../src/phases/control-plane/manifests.js';
import { kubeletConfigText, kubeletFlagsText } from '../../src/phases/kubelet/index.js';
import { kubeProxyInput, kubeProxyObjects } from '../../src/phases/pod-network/index.js';
import { LEAF_CERTS, leafRequirements } from '../../src/pki/leaves.js';
import { clusterImages, parseCatalogue, resolveVersions } from '../../src/versions/index.js';
import { ensureArtifacts } from '../lab/artifacts.js';
import { createLab, type Lab } from '../lab/lab.js';
import {
  ANYTHING,
  compareFacts,
  judge,
  readDryRun,
  toFacts,
  type Deviation,
  type DryRun,
  type DryRunObject,
} from '../support/comparison/index.js';
import { installProgram } from '../support/kubeadm-cluster.js';
import { memoryHost } from '../support/memory-host.js';
import { ASKED_EVERY_SECOND } from './kubeadm-differences.js';

const HOST = 'cp1';
const ADDRESS = '192.0.2.11';

/** The same wishes, once for kubeadm and once for kbs. */
interface Case {
  readonly name: string;
  /** Name of the node; default: the host's. */
  readonly node?: string;
  readonly endpoint: string;
  /** Fields of ClusterConfiguration. */
  readonly cluster?: Readonly<Record<string, unknown>>;
  /** KubeletConfiguration and KubeProxyConfiguration. */
  readonly components?: readonly Readonly<Record<string, unknown>>[];
  readonly nodeRegistration?: Readonly<Record<string, unknown>>;
  readonly spec: Partial<ClusterFileInput['spec']>;
}

const AUDIT = { name: 'audit', hostPath: '/var/log/kubernetes', mountPath: '/var/log/kubernetes', pathType: 'DirectoryOrCreate' as const };
const CLOUD = { name: 'cloud', hostPath: '/etc/cloud', mountPath: '/etc/cloud', readOnly: true };
const KUBELET = { maxPods: 50, evictionHard: { 'nodefs.available': '5%' }, serializeImagePulls: false };
const API_SERVER = {
  extraArgs: {
    'audit-log-path': '/var/log/kubernetes/audit.log',
    'authorization-mode': 'Node,RBAC,Webhook',
    'enable-admission-plugins': 'NodeRestriction,AlwaysPullImages',
  },
  extraVolumes: [AUDIT],
  certSANs: ['*.example.org', '203.0.113.7', 'k8s.example.org'],
};
const CONTROLLER_MANAGER = { extraArgs: { 'bind-address': '0.0.0.0', 'node-monitor-grace-period': '20s' }, extraVolumes: [CLOUD] };
const SCHEDULER = { extraArgs: { v: '4' } };
const ETCD = {
  dataDir: '/srv/etcd',
  extraArgs: { 'quota-backend-bytes': '8589934592', 'listen-metrics-urls': 'http://127.0.0.1:2381,http://192.0.2.11:2381' },
};

const CASES: readonly Case[] = [
  { name: 'nothing but defaults', endpoint: '192.0.2.11:6443', spec: {} },
  {
    name: 'flags, volumes, names, subnets and paths of the user',
    endpoint: 'api.example.org:8443',
    cluster: {
      networking: { podSubnet: '172.20.0.0/16', serviceSubnet: '172.30.0.0/16', dnsDomain: 'k8s.example.org' },
      apiServer: API_SERVER,
      controllerManager: CONTROLLER_MANAGER,
      scheduler: SCHEDULER,
      etcd: { local: ETCD },
      imageRepository: 'registry.example.org/k8s',
    },
    components: [
      { apiVersion: 'kubelet.config.k8s.io/v1beta1', kind: 'KubeletConfiguration', ...KUBELET },
      { apiVersion: 'kubeproxy.config.k8s.io/v1alpha1', kind: 'KubeProxyConfiguration', metricsBindAddress: '0.0.0.0:10249' },
    ],
    nodeRegistration: { kubeletExtraArgs: { v: '2' } },
    spec: {
      controlPlaneEndpoint: { host: 'api.example.org', port: 8443 },
      network: {
        ...{ podSubnet: '172.20.0.0/16', serviceSubnet: '172.30.0.0/16', dnsDomain: 'k8s.example.org' },
        kubeProxy: { config: { metricsBindAddress: '0.0.0.0:10249' } },
      },
      apiServer: API_SERVER,
      controllerManager: CONTROLLER_MANAGER,
      scheduler: SCHEDULER,
      etcd: ETCD,
      imageRepository: 'registry.example.org/k8s',
      kubelet: { config: KUBELET, extraArgs: { v: '2' } },
    },
  },
  {
    name: 'a node that is not called like its host, and the other cgroup driver',
    node: 'node-1.example.org',
    endpoint: '192.0.2.11:6443',
    components: [{ apiVersion: 'kubelet.config.k8s.io/v1beta1', kind: 'KubeletConfiguration', cgroupDriver: 'cgroupfs' }],
    spec: { containerRuntime: { cgroupDriver: 'cgroupfs' } },
  },
];

const PROBE_OF_COREDNS = 'objects › Deployment coredns › spec › template › spec › containers › coredns › readinessProbe';

/** Where kbs says something else than kubeadm would, in every case. */
const REVIEWED: readonly Deviation[] = [
  { place: `${PROBE_OF_COREDNS} › periodSeconds`, kbs: 1, reason: ASKED_EVERY_SECOND },
  { place: `${PROBE_OF_COREDNS} › failureThreshold`, kbs: 10, reason: ASKED_EVERY_SECOND },
  {
    place: `files › ${PATHS.kubeletFlagsEnv} › --node-ip`,
    kbs: ANYTHING,
    reason:
      'The cluster file names an address for every host; without the flag a kubelet on several networks takes that of the default route.',
  },
  {
    place: 'objects › ConfigMap kubeadm-config › metadata › annotations',
    kbs: ANYTHING,
    reason: 'Nodes that join with a token learn from it what pod network kbs made; kubeadm keeps what it does not know.',
  },
  {
    place: 'objects › Secret bootstrap-token-*',
    kubeadm: ANYTHING,
    reason: 'kbs makes a token only when asked.',
  },
];

let lab: Lab;
let bundle: string;
/** Folders of certificates on the host, which go into static pods. */
let trustStoreDirectories: readonly string[];

beforeAll(async () => {
  ({ directory: bundle } = await ensureArtifacts());
  lab = await createLab({ name: 'kdry', hosts: [{ name: 'cp1' }] });
  await installProgram(lab, join(bundle, 'dl.k8s.io/release/v1.25.0/bin/linux/amd64/kubeadm'), 'cp1');
  const folders = '/etc/ca-certificates /etc/pki /usr/local/share/ca-certificates /usr/share/ca-certificates';
  trustStoreDirectories = (await lab.ssh('cp1', `ls -d ${folders}`)).stdout.trim().split('\n');
});

afterAll(async () => {
  await lab.down();
});

// kubeadm prints every file but the static pod of etcd: that one is left in its scratch folder.
const DRY_RUN = `
set -e
cat >/root/kubeadm.yaml
rm -rf /etc/kubernetes/tmp
kubeadm init --dry-run --config /root/kubeadm.yaml --ignore-preflight-errors=all
echo '[dryrun] Would write file "/etc/kubernetes/manifests/etcd.yaml" with content:'
sed 's/^/\t/' /etc/kubernetes/tmp/kubeadm-init-dryrun*/etcd.yaml
`;

async function askKubeadm({ node = HOST, endpoint, cluster, components = [], nodeRegistration }: Case): Promise<DryRun> {
  const documents = [
    {
      apiVersion: 'kubeadm.k8s.io/v1beta3',
      kind: 'InitConfiguration',
      localAPIEndpoint: { advertiseAddress: ADDRESS },
      nodeRegistration: { name: node, ...nodeRegistration },
    },
    {
      ...{
        apiVersion: 'kubeadm.k8s.io/v1beta3',
        kind: 'ClusterConfiguration',
        kubernetesVersion: 'v1.25.0',
        controlPlaneEndpoint: endpoint,
      },
      networking: { podSubnet: '10.244.0.0/16' },
      ...cluster,
    },
    ...components,
  ];
  const result = await lab.ssh('cp1', DRY_RUN, { input: documents.map((document) => stringify(document)).join('---\n') });
  expect(result, result.stderr).toMatchObject({ exitCode: 0 });
  return readDryRun(result.stdout);
}

interface Made {
  readonly files: ReadonlyMap<string, string>;
  readonly objects: readonly KubeObject[];
  readonly sans: DryRun['sans'];
}

async function askKbs({ node: name = HOST, spec: wishes }: Case, caCertificate: string): Promise<Made> {
  const spec = clusterSpecOf(
    {
      apiVersion: 'kbs.dev/v1alpha1',
      kind: 'Cluster',
      spec: { kubernetesVersion: 'v1.25.0', hosts: [{ name, address: ADDRESS, roles: ['control-plane'] }], ...wishes },
    },
    { baseDirectory: bundle },
  );
  // The bundle's images are called after the official registry; their versions are the same in any other.
  const official = { ...spec, imageRepository: 'registry.k8s.io' };
  const versions = resolveVersions(official, parseCatalogue(JSON.parse(await readFile(join(bundle, 'checksums.json'), 'utf8')), bundle));
  const context = { spec, versions, images: clusterImages(spec, versions) };
  const host = memoryHost({ name, address: ADDRESS, roles: ['control-plane'], facts: { hostname: HOST, trustStoreDirectories } });
  const node = controlPlaneNode(spec, host);
  const etcdFlags = { initialCluster: `${name}=https://${ADDRESS}:2380` };
  const serving = LEAF_CERTS.filter(({ sans }) => sans !== undefined);
  return {
    files: new Map([
      ...[
        etcdManifest(context, host, etcdFlags),
        apiServerManifest(context, host),
        controllerManagerManifest(context, host),
        schedulerManifest(context, host),
      ].map(({ path, content }) => [path, String(content)] as const),
      [PATHS.kubeletConfig, kubeletConfigText(spec, host)],
      [PATHS.kubeletFlagsEnv, kubeletFlagsText(spec, context.images.pause, host)],
    ]),
    objects: [
      ...kubeadmContractObjects(kubeadmContractInput(context, caCertificate)),
      ...coreDnsObjects(coreDnsInput(context)),
      ...kubeProxyObjects(kubeProxyInput(context)),
    ],
    sans: new Map(serving.map((certificate) => [certificate.file, leafRequirements(certificate, node).sans])),
  };
}

/** Zero values that Go writes out, and that the API server takes for absent. */
function withoutZeros(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutZeros);
  if (value === null || typeof value !== 'object') return value;
  const fields = Object.entries(value).map(([name, field]) => [name, withoutZeros(field)] as const);
  const kept = fields.filter(([, field]) => field !== null && !(typeof field === 'object' && Object.keys(field).length === 0));
  return Object.fromEntries(kept);
}

function withParsed(data: unknown, key: string): unknown {
  const texts = (data ?? null) as Readonly<Record<string, string>> | null;
  const text = texts?.[key];
  return text === undefined ? texts : { ...texts, [key]: parse(text) as unknown };
}

/** An object as the API server would take it. */
function stored(object: DryRunObject | KubeObject): unknown {
  const { subjects, metadata, data, ...rest } = object as DryRunObject;
  const isOfCluster = object.kind.startsWith('Cluster');
  return withoutZeros({
    ...rest,
    // Which quotes are taken does not count here: of this text alone there is never a digest.
    data: withParsed(data, 'ClusterConfiguration'),
    status: null,
    metadata: { ...metadata, resourceVersion: null, ...(isOfCluster ? { namespace: null } : {}) },
    // Left out by kubeadm, filled in by the API server.
    subjects:
      (subjects as readonly { readonly kind: string }[] | undefined)?.map((subject) =>
        subject.kind === 'ServiceAccount' ? subject : { apiGroup: 'rbac.authorization.k8s.io', ...subject },
      ) ?? null,
  });
}

/** Files flag by flag, objects field by field, texts in ConfigMaps as they are: `kubeadm upgrade` keeps a digest of them. */
function factsOf({ files, objects, sans }: Made | DryRun) {
  const text = (path: string, content: string): unknown =>
    path.endsWith('.env') ? /"(.*)"/.exec(content)?.[1]?.split(' ') : content.split('\n');
  return toFacts({
    files: Object.fromEntries([...files].map(([path, content]) => [path, text(path, content)])),
    objects: Object.fromEntries(objects.map((object) => [nameOf(object), stored(object)])),
    sans: Object.fromEntries(sans),
  });
}

function nameOf({ kind, metadata }: { readonly kind: string; readonly metadata: { readonly name: string } }): string {
  return `${kind} ${metadata.name}`;
}

function caOf({ objects }: DryRun): string {
  const text = JSON.stringify(objects.find(({ metadata }) => metadata.name === 'cluster-info'));
  const data = /certificate-authority-data: ([A-Za-z0-9+/=]+)/.exec(text)?.[1];
  if (data === undefined) throw new Error('there is no CA in cluster-info');
  return Buffer.from(data, 'base64').toString('utf8');
}

describe('what kubeadm v1.25.0 would write, asked for with --dry-run', () => {
  test.each(CASES)('is what kbs writes, with $name', async (wishes) => {
    const dryRun = await askKubeadm(wishes);
    expect({ files: dryRun.files.size, objects: dryRun.objects.length }).toEqual({ files: 6, objects: 27 });
    const made = await askKbs(wishes, caOf(dryRun));
    expect(judge(compareFacts(factsOf(dryRun), factsOf(made)), REVIEWED)).toEqual({ unexplained: [], stale: [] });
  });
});
