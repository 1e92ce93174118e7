import type { EtcdTopology } from '../constants/index.js';
import { issue } from './authority.js';
import { subjectAltNames } from './sans.js';
import { authorityOf } from './shared.js';
import type { CertSpec, ControlPlaneNode, KeyPair, LeafRequirements, SharedPki } from './types.js';

function apiServerSans(node: ControlPlaneNode): readonly string[] {
  const names = ['kubernetes', 'kubernetes.default', 'kubernetes.default.svc', `kubernetes.default.svc.${node.dnsDomain}`];
  const endpoint = node.endpointHost === undefined ? [] : [node.endpointHost];
  return [node.nodeName, ...names, node.serviceSubnetFirst, node.advertiseAddress, ...endpoint, ...node.certSANs];
}

function etcdSans(node: ControlPlaneNode): readonly string[] {
  return [node.nodeName, 'localhost', node.advertiseAddress, '127.0.0.1', '::1'];
}

function ownName(node: ControlPlaneNode): string {
  return node.nodeName;
}

const ADMINISTRATORS = 'system:masters';

/** The leaves of a control plane. Source: kubeadm v1.25 certs/certlist.go. */
export const LEAF_CERTS: readonly CertSpec[] = [
  { name: 'apiserver', file: 'apiserver', ca: 'ca', commonName: 'kube-apiserver', usages: ['serverAuth'], sans: apiServerSans },
  {
    name: 'apiserver-kubelet-client',
    file: 'apiserver-kubelet-client',
    ca: 'ca',
    commonName: 'kube-apiserver-kubelet-client',
    organization: ADMINISTRATORS,
    usages: ['clientAuth'],
  },
  { name: 'front-proxy-client', file: 'front-proxy-client', ca: 'frontProxyCa', commonName: 'front-proxy-client', usages: ['clientAuth'] },
  { name: 'etcd-server', file: 'etcd/server', ca: 'etcdCa', commonName: ownName, usages: ['serverAuth', 'clientAuth'], sans: etcdSans },
  { name: 'etcd-peer', file: 'etcd/peer', ca: 'etcdCa', commonName: ownName, usages: ['serverAuth', 'clientAuth'], sans: etcdSans },
  {
    name: 'etcd-healthcheck-client',
    file: 'etcd/healthcheck-client',
    ca: 'etcdCa',
    commonName: 'kube-etcd-healthcheck-client',
    organization: ADMINISTRATORS,
    usages: ['clientAuth'],
  },
  {
    name: 'apiserver-etcd-client',
    file: 'apiserver-etcd-client',
    ca: 'etcdCa',
    commonName: 'kube-apiserver-etcd-client',
    organization: ADMINISTRATORS,
    usages: ['clientAuth'],
  },
];

/** What etcd itself needs, wherever it runs. */
export const ETCD_LEAF_CERTS: readonly CertSpec[] = LEAF_CERTS.filter(({ file }) => file.startsWith('etcd/'));

/** The leaves of a control plane, by where its etcd is. */
export function controlPlaneLeaves(etcd: EtcdTopology): readonly CertSpec[] {
  if (etcd === 'stacked') return LEAF_CERTS;
  return LEAF_CERTS.filter((spec) => !ETCD_LEAF_CERTS.includes(spec) && (etcd === 'hosts' || spec.ca !== 'etcdCa'));
}

/** What a leaf has to be for a node. @throws KbsError PKI_INVALID when a SAN is neither a DNS name nor an address */
export function leafRequirements(spec: CertSpec, node: ControlPlaneNode): LeafRequirements {
  return {
    commonName: typeof spec.commonName === 'string' ? spec.commonName : spec.commonName(node),
    ...(spec.organization === undefined ? {} : { organization: spec.organization }),
    usages: spec.usages,
    sans: subjectAltNames(spec.sans?.(node) ?? []),
  };
}

/**
 * Issues a leaf of a node, with a new key, valid for a year.
 * @throws KbsError PKI_INVALID when a SAN or the CA cannot be used
 */
export function issueLeaf(spec: CertSpec, shared: SharedPki, node: ControlPlaneNode, now: Date): Promise<KeyPair> {
  return issue(leafRequirements(spec, node), authorityOf(shared, spec.ca), now);
}
