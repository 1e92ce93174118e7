import { PORTS } from '../constants/index.js';
import type { Host } from '../host/index.js';
import { createKubeAccess, type KubeAccess } from '../kube/index.js';
import type { PkiSource } from '../phases/index.js';
import { issueClientCertificate } from '../pki/index.js';

/** Way to the API through control planes that are connected, as the cluster's administrator. Nothing is contacted yet. */
export function openClusterApi(controlPlanes: readonly Host[], pki: PkiSource, now: () => Date): KubeAccess {
  return createKubeAccess({
    controlPlanes,
    port: PORTS.apiServer,
    credentials: async () => {
      const { ca } = await pki.shared();
      const pair = await issueClientCertificate({ commonName: 'kubernetes-admin', organization: 'system:masters', ca, now: now() });
      return { ca: ca.certificate, certificate: pair.certificate, privateKey: pair.privateKey };
    },
  });
}
