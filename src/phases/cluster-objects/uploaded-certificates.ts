import { CERTIFICATE_COPIES, NAMESPACES } from '../../constants/index.js';
import type { KubeObject } from '../../kube/index.js';
import { configuredTokenSecret, JOINING_NODES_GROUP } from './bootstrap-token.js';
import type { BootstrapToken } from '../../pki/index.js';

/**
 * A bootstrap token nobody can use: the controller manager takes it away when its time is over, and what it owns goes with it.
 * Source: kubeadm v1.25 copycerts.
 */
export function certificateLifetimeSecret(token: BootstrapToken, expires: Date): KubeObject {
  return configuredTokenSecret({ token, description: 'Its end is the end of Secret kubeadm-certs', expires }, {});
}

/** Encrypted copies of the shared PKI, owned by what ends their time. @param owner as it is in the cluster */
export function uploadedCertificatesSecret(data: Readonly<Record<string, string>>, { metadata: { name, uid } }: KubeObject): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name: CERTIFICATE_COPIES.secret,
      namespace: NAMESPACES.system,
      ownerReferences: [{ apiVersion: 'v1', kind: 'Secret', name, uid, controller: true, blockOwnerDeletion: true }],
    },
    type: 'Opaque',
    data,
  };
}

/** Who may read the encrypted copies: whoever comes with a bootstrap token. The key is not in the cluster. */
export function uploadedCertificatesRights(): readonly KubeObject[] {
  const metadata = { name: CERTIFICATE_COPIES.role, namespace: NAMESPACES.system };
  const apiGroup = 'rbac.authorization.k8s.io';
  return [
    {
      apiVersion: `${apiGroup}/v1`,
      kind: 'Role',
      metadata,
      rules: [{ apiGroups: [''], resources: ['secrets'], resourceNames: [CERTIFICATE_COPIES.secret], verbs: ['get'] }],
    },
    {
      apiVersion: `${apiGroup}/v1`,
      kind: 'RoleBinding',
      metadata,
      roleRef: { apiGroup, kind: 'Role', name: CERTIFICATE_COPIES.role },
      subjects: [{ apiGroup, kind: 'Group', name: JOINING_NODES_GROUP }],
    },
  ];
}
