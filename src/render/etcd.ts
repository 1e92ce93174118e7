import { hostPort, NODE_KEYS, PATHS, PORTS } from '../constants/index.js';
import { KbsError } from '../errors/index.js';
import { loopbackFor } from './control-plane.js';
import { folder, renderStaticPod, type HttpProbe } from './static-pod.js';
import { renderTemplate } from './template.js';
import type { EtcdInput, EtcdMemberInput } from './types.js';

function etcdPki(name: string): string {
  return `${PATHS.etcdPkiDir}/${name}`;
}

function etcdFlags(input: EtcdMemberInput) {
  const loopback = loopbackFor(input.advertiseAddress);
  const clientUrl = `https://${hostPort(input.advertiseAddress, PORTS.etcdClient)}`;
  const peerUrl = `https://${hostPort(input.advertiseAddress, PORTS.etcdPeer)}`;
  return {
    'advertise-client-urls': clientUrl,
    'cert-file': etcdPki('server.crt'),
    'client-cert-auth': 'true',
    'data-dir': input.dataDir,
    'experimental-initial-corrupt-check': 'true',
    'experimental-watch-progress-notify-interval': '5s',
    'initial-advertise-peer-urls': peerUrl,
    'initial-cluster': input.initialCluster,
    ...(input.initialClusterState === undefined ? {} : { 'initial-cluster-state': input.initialClusterState }),
    'key-file': etcdPki('server.key'),
    'listen-client-urls': `https://${hostPort(loopback, PORTS.etcdClient)},${clientUrl}`,
    'listen-metrics-urls': `http://${hostPort(loopback, PORTS.etcdMetrics)}`,
    'listen-peer-urls': peerUrl,
    name: input.nodeName,
    'peer-cert-file': etcdPki('peer.crt'),
    'peer-client-cert-auth': 'true',
    'peer-key-file': etcdPki('peer.key'),
    'peer-trusted-ca-file': etcdPki('ca.crt'),
    'snapshot-count': '10000',
    'trusted-ca-file': etcdPki('ca.crt'),
    ...input.extraArgs,
  };
}

/** etcd answers health checks where it serves its metrics: at the first of those URLs. */
function probeOf(metricsUrls: string): HttpProbe {
  const [first = ''] = metricsUrls.split(',');
  if (!URL.canParse(first)) {
    throw new KbsError('CONFIG_INVALID', `etcd's listen-metrics-urls begins with no URL: "${metricsUrls}"`, {
      remedy: ['correct spec.etcd.extraArgs.listen-metrics-urls in the cluster file'],
    });
  }
  const url = new URL(first);
  const isTls = url.protocol === 'https:';
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? (isTls ? 443 : 80) : Number(url.port),
    scheme: isTls ? 'HTTPS' : 'HTTP',
  };
}

/**
 * Static pod of etcd. Source of flags, probes and volumes: kubeadm v1.25 phases/etcd.
 * @throws KbsError CONFIG_INVALID when the user's listen-metrics-urls is no URL; INTERNAL when the result is no YAML
 */
export function renderEtcd(input: EtcdInput): string {
  const flags = etcdFlags(input);
  return renderStaticPod({
    name: 'etcd',
    annotation: { key: NODE_KEYS.etcdAdvertise, value: `https://${hostPort(input.advertiseAddress, PORTS.etcdClient)}` },
    image: input.image,
    flags,
    probe: probeOf(flags['listen-metrics-urls']),
    liveness: '/health?exclude=NOSPACE&serializable=true',
    startup: '/health?serializable=false',
    requests: { cpu: '100m', memory: '100Mi' },
    volumes: [folder('etcd-certs', PATHS.etcdPkiDir, false), folder('etcd-data', input.dataDir, false)],
    mountOrder: ['etcd-data', 'etcd-certs'],
  });
}

/** An argument as systemd reads it. Source: systemd.service(5), command lines. */
function unitArgument(text: string): string {
  return /^[A-Za-z0-9_=.,:/@[\]-]+$/.test(text)
    ? text
    : `"${text
        .replaceAll(/[\\"]/g, '\\$&')
        .replaceAll('%', '%%')
        .replaceAll('$', () => '$$')}"`;
}

/** Unit of etcd on a host of its own, with the flags that its static pod would have. */
export function renderEtcdUnit(input: EtcdMemberInput): string {
  const flags = Object.entries(etcdFlags(input)).sort(([one], [other]) => (one < other ? -1 : 1));
  return renderTemplate('etcd.service', {
    binary: PATHS.etcdBinary,
    arguments: flags.map(([name, value]) => unitArgument(`--${name}=${value}`)),
  });
}
