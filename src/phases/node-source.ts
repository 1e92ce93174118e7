import type { ClusterSpec } from '../config/index.js';
import { endpointAccess } from './access.js';
import type { NodeSource, PkiSource } from './context.js';
import { kubeletConfigText } from './kubelet/index.js';

/** Nodes of a cluster file: kbs has the authorities and signs their certificates itself. */
export function signedNodeSource(spec: ClusterSpec, pki: PkiSource): NodeSource {
  return {
    async entry() {
      const { ca } = await pki.shared();
      return { access: endpointAccess(spec, ca.certificate), identity: { kind: 'signed', ca } };
    },
    kubeletConfig: (host) => kubeletConfigText(spec, host),
  };
}
