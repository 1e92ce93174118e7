import { etcdTopology, PATHS } from '../../constants/index.js';
import type { AnyStep, Phase } from '../../engine/index.js';
import type { Host } from '../../host/index.js';
import {
  controlPlaneLeaves,
  ETCD_AUTHORITY_FILES,
  ETCD_LEAF_CERTS,
  sharedPkiFiles,
  type SharedPki,
  type SharedPkiFile,
} from '../../pki/index.js';
import { filesStep } from '../../steps/index.js';
import { adminAccess, controlPlaneNode, localAccess } from '../access.js';
import { isControlPlane, isEtcdHost, type RunContext } from '../context.js';
import { kubeconfigsStep } from './kubeconfig-step.js';
import { leafCertificatesStep } from './leaf-step.js';

type Slice = Pick<RunContext, 'spec' | 'pki' | 'now'>;

function authoritiesStep(files: readonly SharedPkiFile[], shared: SharedPki): AnyStep {
  return filesStep({
    id: 'certificates/authorities',
    title: 'Write the shared authorities',
    directories: [
      { path: PATHS.kubernetesDir, mode: 0o755, ownTree: true },
      { path: PATHS.pkiDir, mode: 0o755, ownTree: true },
      { path: PATHS.etcdPkiDir, mode: 0o755, ownTree: true },
    ],
    files: files.map(({ path, mode, content }) => ({ path: `${PATHS.pkiDir}/${path}`, mode, content: content(shared) })),
  });
}

/** A host of etcd has etcd's authority, and nothing of the cluster's. */
async function etcdHostSteps({ spec, pki, now }: Slice, host: Host): Promise<readonly AnyStep[]> {
  const shared = await pki.shared();
  return [
    authoritiesStep(ETCD_AUTHORITY_FILES, shared),
    leafCertificatesStep({ leaves: ETCD_LEAF_CERTS, shared, node: controlPlaneNode(spec, host), now }),
  ];
}

/** Authorities, certificates and kubeconfigs of the control planes; needs no control plane to be up, so all get theirs at once. */
export const certificatesPhase: Phase<Slice> = {
  name: 'certificates',
  title: 'Issue certificates',
  summary: 'puts the shared authorities on every control plane and issues its certificates and kubeconfigs; the same for hosts of etcd',
  on: (host) => isControlPlane(host) || isEtcdHost(host),
  after: ['baseline'],
  async steps({ spec, pki, now }, host) {
    if (isEtcdHost(host)) return etcdHostSteps({ spec, pki, now }, host);
    const etcd = etcdTopology(spec);
    const found = await pki.shared();
    const shared = etcd === 'external' ? { ...found, etcdClient: await pki.externalEtcd() } : found;
    return [
      authoritiesStep(sharedPkiFiles(etcd), shared),
      leafCertificatesStep({ leaves: controlPlaneLeaves(etcd), shared, node: controlPlaneNode(spec, host), now }),
      kubeconfigsStep({
        ca: shared.ca,
        nodeName: host.name,
        endpoint: adminAccess(spec, host, shared.ca.certificate),
        local: localAccess(host, shared.ca.certificate),
        now,
      }),
    ];
  },
};
