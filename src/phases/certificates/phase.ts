import { PATHS } from '../../constants/index.js';
import type { Phase } from '../../engine/index.js';
import { SHARED_PKI_FILES } from '../../pki/index.js';
import { filesStep } from '../../steps/index.js';
import { adminAccess, controlPlaneNode, localAccess } from '../access.js';
import type { RunContext } from '../context.js';
import { kubeconfigsStep } from './kubeconfig-step.js';
import { leafCertificatesStep } from './leaf-step.js';

/** Authorities, certificates and kubeconfigs of the control planes; needs no control plane to be up, so all get theirs at once. */
export const certificatesPhase: Phase<Pick<RunContext, 'spec' | 'pki' | 'now'>> = {
  name: 'certificates',
  title: 'Issue certificates',
  summary: 'puts the shared authorities on every control plane and issues its certificates and kubeconfigs',
  on: 'control-plane',
  after: ['baseline'],
  async steps({ spec, pki, now }, host) {
    const shared = await pki.shared();
    return [
      filesStep({
        id: 'certificates/authorities',
        title: 'Write the shared authorities',
        directories: [
          { path: PATHS.kubernetesDir, mode: 0o755, ownTree: true },
          { path: PATHS.pkiDir, mode: 0o755, ownTree: true },
          { path: PATHS.etcdPkiDir, mode: 0o755, ownTree: true },
        ],
        files: SHARED_PKI_FILES.map(({ path, mode, content }) => ({ path: `${PATHS.pkiDir}/${path}`, mode, content: content(shared) })),
      }),
      leafCertificatesStep({ shared, node: controlPlaneNode(spec, host), now }),
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
