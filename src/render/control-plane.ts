import { isIPv6 } from 'node:net';
import { hostPort, NODE_KEYS, PATHS, PORTS } from '../constants/index.js';
import { file, folder, renderStaticPod, withExtraVolumes, type Volume } from './static-pod.js';
import type { ApiServerInput, ControllerManagerInput, SchedulerInput } from './types.js';

/** Folders with CA certificates of distributions; mounted where they exist. Source: kubeadm v1.25 controlplane/volumes.go. */
const OPTIONAL_TRUST_DIRECTORIES: readonly string[] = [
  '/etc/pki',
  '/etc/ca-certificates',
  '/usr/share/ca-certificates',
  '/usr/local/share/ca-certificates',
];

const FLEX_VOLUME_DIR = '/usr/libexec/kubernetes/kubelet-plugins/volume/exec';
const LOOPBACK = { v4: '127.0.0.1', v6: '::1' } as const;

/** The loopback address of the family that an address belongs to. */
export function loopbackFor(address: string): string {
  return isIPv6(address) ? LOOPBACK.v6 : LOOPBACK.v4;
}

function pki(name: string): string {
  return `${PATHS.pkiDir}/${name}`;
}

function trustVolumes(existing: readonly string[]): readonly Volume[] {
  const optional = OPTIONAL_TRUST_DIRECTORIES.filter((path) => existing.includes(path));
  return [folder('ca-certs', '/etc/ssl/certs'), ...optional.map((path) => folder(path.slice(1).replaceAll('/', '-'), path))];
}

function apiServerFlags(input: ApiServerInput): Readonly<Record<string, string>> {
  return {
    'advertise-address': input.advertiseAddress,
    'allow-privileged': 'true',
    'authorization-mode': 'Node,RBAC',
    'client-ca-file': pki('ca.crt'),
    'enable-admission-plugins': 'NodeRestriction',
    'enable-bootstrap-token-auth': 'true',
    'etcd-cafile': pki('etcd/ca.crt'),
    'etcd-certfile': pki('apiserver-etcd-client.crt'),
    'etcd-keyfile': pki('apiserver-etcd-client.key'),
    'etcd-servers': (input.etcdEndpoints ?? [`https://${hostPort(loopbackFor(input.advertiseAddress), PORTS.etcdClient)}`]).join(','),
    'kubelet-client-certificate': pki('apiserver-kubelet-client.crt'),
    'kubelet-client-key': pki('apiserver-kubelet-client.key'),
    'kubelet-preferred-address-types': 'InternalIP,ExternalIP,Hostname',
    'proxy-client-cert-file': pki('front-proxy-client.crt'),
    'proxy-client-key-file': pki('front-proxy-client.key'),
    'requestheader-allowed-names': 'front-proxy-client',
    'requestheader-client-ca-file': pki('front-proxy-ca.crt'),
    'requestheader-extra-headers-prefix': 'X-Remote-Extra-',
    'requestheader-group-headers': 'X-Remote-Group',
    'requestheader-username-headers': 'X-Remote-User',
    'secure-port': String(input.bindPort),
    'service-account-issuer': `https://kubernetes.default.svc.${input.dnsDomain}`,
    'service-account-key-file': pki('sa.pub'),
    'service-account-signing-key-file': pki('sa.key'),
    'service-cluster-ip-range': input.serviceSubnet,
    'tls-cert-file': pki('apiserver.crt'),
    'tls-private-key-file': pki('apiserver.key'),
    ...input.extraArgs,
  };
}

/** Static pod of kube-apiserver. Source of flags, probes and volumes: kubeadm v1.25 phases/controlplane. @throws KbsError INTERNAL */
export function renderApiServer(input: ApiServerInput): string {
  return renderStaticPod({
    name: 'kube-apiserver',
    annotation: { key: NODE_KEYS.apiServerAdvertise, value: hostPort(input.advertiseAddress, input.bindPort) },
    image: input.image,
    flags: apiServerFlags(input),
    probe: { host: input.extraArgs['advertise-address'] ?? input.advertiseAddress, port: input.bindPort, scheme: 'HTTPS' },
    liveness: '/livez',
    readiness: '/readyz',
    startup: '/livez',
    requests: { cpu: '250m' },
    volumes: withExtraVolumes([...trustVolumes(input.trustDirectories), folder('k8s-certs', PATHS.pkiDir)], input.extraVolumes),
  });
}

/** Static pod of kube-controller-manager. Source: kubeadm v1.25 phases/controlplane. @throws KbsError INTERNAL */
export function renderControllerManager(input: ControllerManagerInput): string {
  const kubeconfig = PATHS.controllerManagerKubeconfig;
  const flags = {
    'allocate-node-cidrs': 'true',
    'authentication-kubeconfig': kubeconfig,
    'authorization-kubeconfig': kubeconfig,
    'bind-address': loopbackFor(input.advertiseAddress),
    'client-ca-file': pki('ca.crt'),
    'cluster-cidr': input.podSubnet,
    'cluster-name': input.clusterName,
    'cluster-signing-cert-file': pki('ca.crt'),
    'cluster-signing-key-file': pki('ca.key'),
    controllers: '*,bootstrapsigner,tokencleaner',
    kubeconfig,
    'leader-elect': 'true',
    'requestheader-client-ca-file': pki('front-proxy-ca.crt'),
    'root-ca-file': pki('ca.crt'),
    'service-account-private-key-file': pki('sa.key'),
    'service-cluster-ip-range': input.serviceSubnet,
    'use-service-account-credentials': 'true',
    ...input.extraArgs,
  };
  const volumes = [
    ...trustVolumes(input.trustDirectories),
    folder('flexvolume-dir', input.extraArgs['flex-volume-plugin-dir'] ?? FLEX_VOLUME_DIR, false),
    folder('k8s-certs', PATHS.pkiDir),
    file('kubeconfig', kubeconfig),
  ];
  return renderStaticPod({
    name: 'kube-controller-manager',
    image: input.image,
    flags,
    probe: { host: flags['bind-address'], port: PORTS.controllerManager, scheme: 'HTTPS' },
    liveness: '/healthz',
    startup: '/healthz',
    requests: { cpu: '200m' },
    volumes: withExtraVolumes(volumes, input.extraVolumes),
  });
}

/** Static pod of kube-scheduler. Source: kubeadm v1.25 phases/controlplane. @throws KbsError INTERNAL */
export function renderScheduler(input: SchedulerInput): string {
  const kubeconfig = PATHS.schedulerKubeconfig;
  const flags = {
    'authentication-kubeconfig': kubeconfig,
    'authorization-kubeconfig': kubeconfig,
    'bind-address': loopbackFor(input.advertiseAddress),
    kubeconfig,
    'leader-elect': 'true',
    ...input.extraArgs,
  };
  return renderStaticPod({
    name: 'kube-scheduler',
    image: input.image,
    flags,
    probe: { host: flags['bind-address'], port: PORTS.scheduler, scheme: 'HTTPS' },
    liveness: '/healthz',
    startup: '/healthz',
    requests: { cpu: '100m' },
    volumes: withExtraVolumes([file('kubeconfig', kubeconfig)], input.extraVolumes),
  });
}
