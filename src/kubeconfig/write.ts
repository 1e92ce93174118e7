import { PATHS } from '../constants/index.js';
import { issueClientCertificate, type KeyPair } from '../pki/index.js';
import { Secret } from '../secret/index.js';
import { printYaml } from '../yaml/index.js';
import { toBase64 } from './document.js';
import type { ClusterAccess, Credentials, KubeconfigSpec } from './types.js';

/** Name of the user in bootstrap-kubelet.conf, and of kubeadm's cluster entry there. Source: kubeadm v1.25 join/kubelet.go. */
const BOOTSTRAP_USER = 'tls-bootstrap-token-user';

/** The kubeconfigs of a control plane; a worker has the kubelet's only. Source: kubeadm v1.25 phases/kubeconfig. */
export const KUBECONFIGS: readonly KubeconfigSpec[] = [
  {
    name: 'admin',
    path: PATHS.adminKubeconfig,
    commonName: () => 'kubernetes-admin',
    organization: 'system:masters',
    server: 'endpoint',
  },
  {
    name: 'kubelet',
    path: PATHS.kubeletKubeconfig,
    commonName: nodeUser,
    organization: 'system:nodes',
    server: 'endpoint',
  },
  {
    name: 'controller-manager',
    path: PATHS.controllerManagerKubeconfig,
    commonName: () => 'system:kube-controller-manager',
    server: 'local',
  },
  { name: 'scheduler', path: PATHS.schedulerKubeconfig, commonName: () => 'system:kube-scheduler', server: 'local' },
];

function nodeUser(nodeName: string): string {
  return `system:node:${nodeName}`;
}

function userFields(credentials: Credentials): Readonly<Record<string, string>> {
  switch (credentials.kind) {
    case 'embedded':
      return {
        'client-certificate-data': toBase64(credentials.keyPair.certificate),
        'client-key-data': toBase64(credentials.keyPair.privateKey.reveal()),
      };
    case 'file':
      return { 'client-certificate': credentials.path, 'client-key': credentials.path };
    case 'token':
      return { token: credentials.token.reveal() };
  }
}

/** A kubeconfig with one cluster, one user and the context `<user>@<cluster>`, laid out as kubeadm does. */
export function renderKubeconfig(access: ClusterAccess, userName: string, credentials: Credentials): Secret {
  const contextName = `${userName}@${access.clusterName}`;
  const cluster = { 'certificate-authority-data': toBase64(access.caCertificate), server: access.server };
  return new Secret(
    printYaml({
      apiVersion: 'v1',
      kind: 'Config',
      preferences: {},
      clusters: [{ name: access.clusterName, cluster }],
      contexts: [{ name: contextName, context: { cluster: access.clusterName, user: userName } }],
      'current-context': contextName,
      users: [{ name: userName, user: userFields(credentials) }],
    }),
  );
}

/** What a kubeconfig of the table is made from. */
export interface KubeconfigInput {
  /** With the server that `spec.server` asks for. */
  readonly access: ClusterAccess;
  readonly nodeName: string;
  /** Signs the client certificate. */
  readonly ca: KeyPair;
  readonly now: Date;
}

/**
 * A kubeconfig of the table with a new client certificate in it, valid for a year.
 * @throws KbsError PKI_INVALID when the CA cannot sign
 */
export async function issueKubeconfig(spec: KubeconfigSpec, { access, nodeName, ca, now }: KubeconfigInput): Promise<Secret> {
  const commonName = spec.commonName(nodeName);
  const organization = spec.organization === undefined ? {} : { organization: spec.organization };
  const keyPair = await issueClientCertificate({ commonName, ...organization, ca, now });
  return renderKubeconfig(access, commonName, { kind: 'embedded', keyPair });
}

/** kubelet.conf with the path of the certificate file that the kubelet itself keeps renewed. */
export function renderKubeletKubeconfig(access: ClusterAccess, nodeName: string): Secret {
  return renderKubeconfig(access, nodeUser(nodeName), { kind: 'file', path: PATHS.kubeletClientCertificate });
}

/** bootstrap-kubelet.conf: a bootstrap token buys the kubelet its first certificate. */
export function renderBootstrapKubeconfig(access: ClusterAccess, token: Secret): Secret {
  return renderKubeconfig(access, BOOTSTRAP_USER, { kind: 'token', token });
}

/** Value of `kubeconfig` in the ConfigMap cluster-info: a cluster with an empty name and nobody to log in as. */
export function renderClusterInfo({ server, caCertificate }: Pick<ClusterAccess, 'server' | 'caCertificate'>): string {
  return printYaml({
    apiVersion: 'v1',
    kind: 'Config',
    preferences: {},
    clusters: [{ name: '', cluster: { 'certificate-authority-data': toBase64(caCertificate), server } }],
    contexts: null,
    'current-context': '',
    users: null,
  });
}
