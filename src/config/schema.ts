import { z } from 'zod';
import { isSupportedKubernetes, SUPPORTED_KUBERNETES } from '../versions/index.js';
import { certificateNameProblem, endpointHostProblem } from './checks/address.js';
import { ENDPOINT_PROVIDERS } from './checks/endpoint.js';
import { OWNED_KUBELET_FIELDS, OWNED_KUBELET_FLAGS } from './checks/owned-fields.js';
import { etcdEndpointProblem } from './checks/etcd-endpoint.js';
import {
  dnsName,
  flags,
  foreignDocument,
  httpUrl,
  interfaceName,
  localPath,
  port,
  registryPath,
  releaseVersion,
  remotePath,
  text,
} from './schema-fields.js';
import { registries } from './schema-registries.js';
import { gvisor, runtimeClasses } from './schema-runtime-classes.js';
import { host, runtimeInstall, runtimeType, ssh, withInstall } from './schema-hosts.js';
import { network } from './schema-network.js';

const kubernetesVersion = text((value) => {
  if (isSupportedKubernetes(value)) return undefined;
  if (isSupportedKubernetes(`v${value}`)) return `must begin with v: write v${value}`;
  return `${value} is not supported: kbs makes Kubernetes ${SUPPORTED_KUBERNETES}`;
});

const extraVolume = z.strictObject({
  name: dnsName.describe('Name of the volume in the pod'),
  hostPath: remotePath.describe('Path on the host'),
  mountPath: remotePath.describe('Path in the container'),
  readOnly: z.boolean().default(false).describe('Mount it read-only'),
  pathType: z
    .enum(['DirectoryOrCreate', 'Directory', 'FileOrCreate', 'File', 'Socket', 'CharDevice', 'BlockDevice'])
    .optional()
    .describe('What must be, or is made, at hostPath; default: not checked'),
});

const component = z.strictObject({
  extraArgs: flags().default({}).describe('Flags that replace or join the defaults; names without dashes'),
  extraVolumes: z.array(extraVolume).default([]).describe('Host paths to mount besides the defaults'),
});

const proxyUrl = httpUrl.superRefine((value, context) => {
  const { username, password } = new URL(value);
  if (username !== '' || password !== '')
    context.addIssue({ code: 'custom', message: 'has a password in it: cluster files hold no secrets' });
});

const proxy = z.strictObject({
  httpProxy: proxyUrl.optional().describe('Proxy for http:// registries and mirrors'),
  httpsProxy: proxyUrl.optional().describe('Proxy for https:// registries and mirrors'),
  noProxy: z
    .array(text((value) => (/^[^\s",]+$/.test(value) ? undefined : `must be one name, address or subnet, not "${value}"`)))
    .default([])
    .describe('Reached without it besides hosts, endpoint, pods and services: names, .suffixes, addresses, subnets'),
});

const containerRuntime = z.strictObject({
  type: runtimeType.default('containerd').describe('Container runtime; cri-o: CRI-O; docker: Docker Engine with cri-dockerd'),
  install: runtimeInstall,
  version: releaseVersion.optional().describe('containerd version, e.g. 1.6.28; default: pinned. Only with install: artifact'),
  runcVersion: releaseVersion.optional().describe('runc version, e.g. 1.1.12; default: pinned. Only with install: artifact'),
  criDockerdVersion: releaseVersion
    .optional()
    .describe('cri-dockerd version, e.g. 0.3.4; default: pinned. Only for hosts with type: docker'),
  crioVersion: releaseVersion.optional().describe('CRI-O version, e.g. 1.25.4; default: pinned. Only for hosts with type: cri-o'),
  cgroupDriver: z.enum(['systemd', 'cgroupfs']).default('systemd').describe('Set alike in runtime and kubelet'),
  proxy: proxy.optional().describe('Proxy that container runtimes pull images through'),
  registries: registries.default([]).describe('Mirrors, CAs and credentials of image registries, the same for every container runtime'),
});

const artifacts = z
  .discriminatedUnion('source', [
    z.strictObject({ source: z.literal('upstream').describe('The official release URLs') }),
    z.strictObject({
      source: z.literal('mirror').describe('Another base URL'),
      url: httpUrl.describe('Base URL, required with source: mirror; files are at <url>/<official URL without scheme>'),
      checksums: z.string().min(1).optional().describe('With source: mirror: checksum file (path or URL) instead of the built-in one'),
    }),
    z.strictObject({
      source: z.literal('bundle').describe('A folder'),
      path: localPath.describe('Folder of an offline bundle, required with source: bundle; with a checksums.json'),
    }),
  ])
  .describe('Where binaries and image archives come from');

const controlPlaneEndpoint = z.strictObject({
  host: text(endpointHostProblem)
    .optional()
    .describe(
      'Name or address of the API for everybody; with kube-vip and keepalived the virtual address. May be left out with local-lb: the address of the first control plane, used from outside only',
    ),
  port: port
    .default(6443)
    .describe('Port of the API at that name. With keepalived another than 6443: haproxy listens on it beside the API servers'),
  provider: z
    .enum(ENDPOINT_PROVIDERS)
    .default('external')
    .describe(
      'Who makes the endpoint answer; external: you do; kube-vip, keepalived: a virtual address that moves between the control planes; local-lb: a load balancer on every node, no virtual address',
    ),
  interface: interfaceName
    .optional()
    .describe('With kube-vip and keepalived: interface of the virtual address; default: the one with the host’s address'),
  virtualRouterId: z
    .number()
    .int()
    .min(1)
    .max(255)
    .optional()
    .describe('With keepalived: number of the VRRP group, unique in its network; default: 51'),
});

const externalEtcd = z.strictObject({
  endpoints: z
    .array(text(etcdEndpointProblem))
    .min(1)
    .superRefine((list, context) => {
      if (new Set(list).size < list.length) context.addIssue({ code: 'custom', message: 'has an endpoint twice' });
    })
    .describe('Client URLs of its members: https://10.0.0.31:2379'),
  caFile: localPath.describe('CA certificate (PEM) that its members are checked with, a file on this machine'),
  certFile: localPath.describe('Client certificate (PEM) of the API servers, a file on this machine'),
  keyFile: localPath.describe('Private key (PEM, without passphrase) of certFile, a file on this machine'),
});

const etcd = z.strictObject({
  dataDir: remotePath.default('/var/lib/etcd').describe('Folder of the data on the hosts that run etcd'),
  extraArgs: flags().default({}).describe('Flags that replace or join the defaults; names without dashes'),
  external: externalEtcd.optional().describe('An etcd that is there already, instead of one that kbs sets up; checked before use'),
});

const spec = z
  .strictObject({
    kubernetesVersion: kubernetesVersion.default('v1.25.16').describe(`Version of Kubernetes: ${SUPPORTED_KUBERNETES}`),
    controlPlaneEndpoint: controlPlaneEndpoint
      .optional()
      .describe('Stable address of the API; required with several control planes. Default: the address of the only one'),
    ssh: ssh.prefault({}),
    hosts: z.array(host).min(1).describe('The machines'),
    containerRuntime: containerRuntime.transform(withInstall).prefault({}).describe('Container runtime of the hosts'),
    runtimeClasses: runtimeClasses
      .default([])
      .describe(
        'Sandboxes that pods can ask for by runtimeClassName; gvisor: with containerd; kata: with containerd or CRI-O, on hosts with /dev/kvm',
      ),
    gvisor: gvisor.prefault({}).describe('With runtime class gvisor'),
    network: network.prefault({}).describe('Addresses and the pod network'),
    imageRepository: registryPath.default('registry.k8s.io').describe('Registry of the Kubernetes images'),
    apiServer: component
      .extend({ certSANs: z.array(text(certificateNameProblem)).default([]).describe('Further names and addresses in its certificate') })
      .prefault({})
      .describe('kube-apiserver'),
    controllerManager: component.prefault({}).describe('kube-controller-manager'),
    scheduler: component.prefault({}).describe('kube-scheduler'),
    etcd: etcd.prefault({}).describe('etcd: on the control planes, or on the hosts with role etcd where there are some, or external'),
    kubelet: z
      .strictObject({
        config: foreignDocument(OWNED_KUBELET_FIELDS).default({}).describe('Fields of KubeletConfiguration that differ from the defaults'),
        extraArgs: flags(OWNED_KUBELET_FLAGS).default({}).describe('Flags of the kubelet; names without dashes'),
      })
      .prefault({})
      .describe('kubelet of every host'),
    preparation: z
      .strictObject({
        swap: z.enum(['off', 'fail']).default('fail').describe('Swap that is on: turn it off (reset turns it on again), or fail'),
        hostsFile: z.boolean().default(false).describe('Add all hosts to /etc/hosts'),
      })
      .prefault({})
      .describe('What kbs may change on a host besides Kubernetes'),
    addons: z.strictObject({}).prefault({}).describe('None yet'),
    artifacts: artifacts.prefault({ source: 'upstream' }),
  })
  .describe('What the cluster is to be');

/** The cluster file. Every field says what it means: JSON Schema and the reference are made from here. */
export const clusterFileSchema = z.strictObject({
  apiVersion: z.literal('kbs.dev/v1alpha1').describe('Version of this format'),
  kind: z.literal('Cluster').describe('Kind of document'),
  metadata: z
    .strictObject({ name: dnsName.default('kubernetes').describe('Cluster name; context name in kubeconfig') })
    .prefault({})
    .describe('About the cluster'),
  spec,
});

/** The cluster file as it is written: everything with a default may be left out. */
export type ClusterFileInput = z.input<typeof clusterFileSchema>;
/** The cluster file after defaults. */
export type ClusterFile = z.output<typeof clusterFileSchema>;
/** `spec` of the cluster file after defaults, with the cluster's name. Frozen when it comes from loading. */
export type ClusterSpec = ClusterFile['spec'] & { readonly name: string };
/** One host of the cluster file after defaults. */
export type HostSpec = ClusterSpec['hosts'][number];
