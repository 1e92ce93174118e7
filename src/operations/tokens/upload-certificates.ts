import { BOOTSTRAP_TOKENS, CERTIFICATE_COPIES, NAMESPACES } from '../../constants/index.js';
import { KbsError } from '../../errors/index.js';
import type { KubeApi, ObjectRef } from '../../kube/index.js';
import { certificateLifetimeSecret, uploadedCertificatesRights, uploadedCertificatesSecret } from '../../phases/index.js';
import { createBootstrapToken, decryptSharedPki, encryptSharedPki, type SharedPki } from '../../pki/index.js';
import type { Secret } from '../../secret/index.js';

/** How long the copies stay. Source: kubeadm v1.25 constants.go, DefaultCertTokenDuration. */
const LIFETIME_MS = 2 * 3_600_000;

const COPIES: ObjectRef = { apiVersion: 'v1', kind: 'Secret', namespace: NAMESPACES.system, name: CERTIFICATE_COPIES.secret };

function tokenRef(name: string): ObjectRef {
  return { apiVersion: 'v1', kind: 'Secret', namespace: NAMESPACES.system, name };
}

/** Takes away former copies: their key is good for nothing once there are new ones, and an object has one owner only. */
async function removeFormer(api: KubeApi): Promise<void> {
  const former = await api.read(COPIES);
  if (former === undefined) return;
  const owners = (former.metadata['ownerReferences'] ?? []) as readonly { readonly kind: string; readonly name: string }[];
  await api.delete(COPIES);
  for (const { kind, name } of owners) {
    if (kind === 'Secret' && name.startsWith(BOOTSTRAP_TOKENS.secretPrefix)) await api.delete(tokenRef(name));
  }
}

/**
 * Puts encrypted copies of the shared PKI into the cluster as `kubeadm init phase upload-certs` does; they are gone after two hours.
 * @returns when they go
 */
export async function uploadCertificates(
  api: KubeApi,
  input: { readonly pki: SharedPki; readonly certificateKey: Secret; readonly now: Date },
): Promise<Date> {
  const expires = new Date(input.now.getTime() + LIFETIME_MS);
  await removeFormer(api);
  const lifetime = certificateLifetimeSecret(createBootstrapToken(), expires);
  await api.apply(lifetime);
  const owner = await api.read(tokenRef(lifetime.metadata.name));
  if (owner === undefined) throw new KbsError('KUBE_API', `Secret ${lifetime.metadata.name} is gone right after it was made`);
  for (const object of uploadedCertificatesRights()) await api.apply(object);
  await api.apply(uploadedCertificatesSecret(encryptSharedPki(input.pki, input.certificateKey), owner));
  return expires;
}

/**
 * Looks whether a certificate key opens what was uploaded before, so that no command is told that cannot work.
 * @throws KbsError STEP_MISSING when nothing is uploaded, CERTIFICATE_KEY_REFUSED, PKI_INVALID
 */
export async function checkUploadedCertificates(api: KubeApi, certificateKey: Secret): Promise<void> {
  const copies = await api.read(COPIES);
  if (copies === undefined) {
    throw new KbsError('STEP_MISSING', 'the cluster has no uploaded certificates: they stay for two hours only', {
      remedy: ['add --upload-certs', 'kubeadm init phase upload-certs --upload-certs   # on a control plane'],
    });
  }
  decryptSharedPki((copies['data'] ?? {}) as Readonly<Record<string, string>>, certificateKey);
}
