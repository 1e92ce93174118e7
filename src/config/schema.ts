import { z } from 'zod';

const hostName = z
  .string()
  .regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*$/, 'must be a lower-case DNS name (RFC 1123)')
  .max(253);
const port = z.number().int().min(1).max(65535);
const stringMap = z.record(z.string(), z.string());
const document = z.record(z.string(), z.unknown());

const bastion = z
  .strictObject({
    address: z.string().min(1).describe('Host name or address of the jump host'),
    user: z.string().min(1).optional().describe('Login user there; default: that of the hosts'),
    port: port.optional().describe('Port of its sshd; default 22'),
    identityFile: z.string().min(1).optional().describe('Private key for the jump host; default: that of the hosts'),
  })
  .describe('Jump host on the way to the hosts');

const sshFields = {
  user: z.string().min(1).optional().describe('Login user; default: from ~/.ssh/config, else root'),
  port: port.optional().describe('Port of sshd; default: from ~/.ssh/config, else 22'),
  identityFile: z.string().min(1).optional().describe('Private key file; default: agent and the usual files'),
  bastion: bastion.optional(),
};

const ssh = z.strictObject({
  ...sshFields,
  knownHostsFile: z.string().min(1).optional().describe('File with the accepted host keys; default ~/.ssh/known_hosts'),
  connectTimeoutSeconds: z.number().int().min(1).max(600).default(20).describe('How long to try to reach a host'),
});

const taint = z.strictObject({
  key: z.string().min(1),
  value: z.string().optional(),
  effect: z.enum(['NoSchedule', 'PreferNoSchedule', 'NoExecute']),
});

const host = z.strictObject({
  name: hostName.describe('Node name; unique'),
  address: z.string().min(1).describe('Address the other hosts and kbs reach it by; advertise address and node IP'),
  sshAddress: z.string().min(1).optional().describe('Address for SSH when it differs from `address`'),
  roles: z
    .array(z.enum(['control-plane', 'worker']))
    .min(1)
    .default(['worker'])
    .describe('control-plane, worker or both (both: ordinary pods run there too)'),
  labels: stringMap.default({}).describe('Node labels'),
  taints: z.array(taint).optional().describe('Node taints; default: the control-plane taint on control planes that are not workers'),
  ssh: z.strictObject(sshFields).optional().describe('What differs from spec.ssh for this host'),
});

const extraVolume = z.strictObject({
  name: z.string().min(1),
  hostPath: z.string().startsWith('/'),
  mountPath: z.string().startsWith('/'),
  readOnly: z.boolean().default(false),
  pathType: z.enum(['DirectoryOrCreate', 'Directory', 'FileOrCreate', 'File', 'Socket', 'CharDevice', 'BlockDevice']).optional(),
});

const component = z.strictObject({
  extraArgs: stringMap.default({}).describe('Flags that replace or join the defaults; names without dashes'),
  extraVolumes: z.array(extraVolume).default([]).describe('Host paths to mount besides the defaults'),
});

const registry = z.strictObject({
  host: z.string().min(1).describe('Registry host as in image names: docker.io, registry.k8s.io, 10.0.0.5:5000'),
  mirrors: z.array(z.url()).default([]).describe('Tried in this order before the registry itself'),
  insecureSkipVerify: z.boolean().default(false).describe('Accept any certificate of the mirrors'),
  caFile: z.string().min(1).optional().describe('CA certificate (PEM) of the mirrors, a file on this machine'),
});

const containerRuntime = z.strictObject({
  type: z.enum(['containerd']).default('containerd'),
  install: z.enum(['artifact', 'package']).default('artifact').describe('artifact: official release archives; package: the distribution’s'),
  version: z.string().optional().describe('containerd version, e.g. 1.6.28; default: pinned'),
  runcVersion: z.string().optional().describe('runc version; default: pinned'),
  cgroupDriver: z.enum(['systemd', 'cgroupfs']).default('systemd').describe('Set alike in runtime and kubelet'),
  registries: z.array(registry).default([]),
});

const cni = z.strictObject({
  type: z.enum(['flannel', 'none']).default('flannel'),
  backend: z.enum(['vxlan']).default('vxlan'),
  version: z.string().optional().describe('flannel version, e.g. v0.22.3; default: pinned'),
  interface: z.string().optional().describe('Interface for traffic between hosts; default: the one with the host’s address'),
});

const network = z.strictObject({
  podSubnet: z.string().default('10.244.0.0/16').describe('Addresses of pods'),
  serviceSubnet: z.string().default('10.96.0.0/12').describe('Addresses of services'),
  dnsDomain: hostName.default('cluster.local'),
  cni: cni.prefault({}),
  kubeProxy: z
    .strictObject({
      mode: z.enum(['iptables']).default('iptables'),
      config: document.default({}).describe('Fields of KubeProxyConfiguration that differ from the defaults'),
    })
    .prefault({}),
});

const artifacts = z.discriminatedUnion('source', [
  z.strictObject({ source: z.literal('upstream') }),
  z.strictObject({
    source: z.literal('mirror'),
    url: z.url().describe('Base URL; files are at <url>/<official URL without scheme>'),
    checksums: z.string().optional().describe('Checksum file (path or URL) instead of the built-in one'),
  }),
  z.strictObject({ source: z.literal('bundle'), path: z.string().min(1).describe('Folder of an offline bundle') }),
]);

/** The cluster file. Every field says what it means: JSON Schema and the reference are made from here. */
export const clusterFileSchema = z.strictObject({
  apiVersion: z.literal('kbs.dev/v1alpha1'),
  kind: z.literal('Cluster'),
  metadata: z.strictObject({ name: hostName.default('kubernetes').describe('Cluster name; context name in kubeconfig') }).prefault({}),
  spec: z.strictObject({
    kubernetesVersion: z.string().default('v1.25.16').describe('v1.25.0 to v1.25.16'),
    controlPlaneEndpoint: z
      .strictObject({
        host: z.string().min(1).describe('Name or address of the API for everybody'),
        port: port.default(6443),
        provider: z.enum(['external']).default('external').describe('Who makes the endpoint answer'),
      })
      .optional()
      .describe('Default: the address of the only control plane'),
    ssh: ssh.prefault({}),
    hosts: z.array(host).min(1).describe('The machines'),
    containerRuntime: containerRuntime.prefault({}),
    network: network.prefault({}),
    imageRepository: z.string().default('registry.k8s.io').describe('Registry of the Kubernetes images'),
    apiServer: component
      .extend({ certSANs: z.array(z.string()).default([]).describe('Further names and addresses in its certificate') })
      .prefault({}),
    controllerManager: component.prefault({}),
    scheduler: component.prefault({}),
    etcd: z.strictObject({ dataDir: z.string().startsWith('/').default('/var/lib/etcd'), extraArgs: stringMap.default({}) }).prefault({}),
    kubelet: z
      .strictObject({
        config: document.default({}).describe('Fields of KubeletConfiguration that differ from the defaults'),
        extraArgs: stringMap.default({}),
      })
      .prefault({}),
    preparation: z
      .strictObject({
        swap: z.enum(['off', 'fail']).default('fail').describe('Swap that is on: turn it off (reset turns it on again), or fail'),
        hostsFile: z.boolean().default(false).describe('Add all hosts to /etc/hosts'),
      })
      .prefault({}),
    addons: z.strictObject({}).prefault({}),
    artifacts: artifacts.prefault({ source: 'upstream' }),
  }),
});

/** The cluster file after defaults. */
export type ClusterFile = z.output<typeof clusterFileSchema>;
/** `spec` of the cluster file after defaults, without the host-independent envelope. */
export type ClusterSpec = ClusterFile['spec'] & { readonly name: string };
/** One host of the cluster file after defaults. */
export type HostSpec = ClusterSpec['hosts'][number];
