import { issueKubeconfig, KUBECONFIGS } from '../kubeconfig/index.js';
import { KbsError } from '../errors/index.js';
import { endpointAccess } from '../phases/index.js';
import type { Secret } from '../secret/index.js';
import { connectHelpers, disconnect, type ClusterInput } from './cluster-run.js';
import { createPkiSource } from './pki-source.js';

/**
 * A kubeconfig for the cluster's administrator with a client certificate of its own, made with the cluster's CA.
 * @throws KbsError STEP_MISSING when there is no control plane yet, SSH_UNREACHABLE and the like
 */
export async function adminKubeconfig(input: ClusterInput): Promise<Secret> {
  const helpers = await connectHelpers(input);
  try {
    const { ca } = await createPkiSource({ controlPlanes: helpers, mayCreate: false, now: input.now }).shared();
    const spec = KUBECONFIGS.find(({ name }) => name === 'admin');
    if (spec === undefined) throw new KbsError('INTERNAL', 'the table of kubeconfigs has no admin');
    return await issueKubeconfig(spec, {
      access: endpointAccess(input.spec, ca.certificate),
      nodeName: input.spec.name,
      ca,
      now: input.now(),
    });
  } finally {
    await disconnect({ targets: [], helpers });
  }
}
