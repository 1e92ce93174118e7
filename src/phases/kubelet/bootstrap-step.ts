import { PATHS } from '../../constants/index.js';
import { step, type AnyStep } from '../../engine/index.js';
import { KbsError } from '../../errors/index.js';
import type { Host } from '../../host/index.js';
import { kubeconfigProblem, renderBootstrapKubeconfig, type ClusterAccess } from '../../kubeconfig/index.js';
import { clientCertificateProblem } from '../../pki/index.js';
import type { Secret } from '../../secret/index.js';

interface BootstrapInput {
  readonly nodeName: string;
  readonly access: ClusterAccess;
  readonly token: Secret;
  readonly now: () => Date;
}

/** Why the kubelet needs a bootstrap token; undefined when it has a kubeconfig and a certificate that are good for this cluster. */
export async function joinedProblem(
  host: Host,
  { nodeName, access, now }: Pick<BootstrapInput, 'nodeName' | 'access' | 'now'>,
): Promise<string | undefined> {
  const [kubeconfig, pem] = await Promise.all([
    host.files.readSecret(PATHS.kubeletKubeconfig),
    host.files.readSecret(PATHS.kubeletClientCertificate),
  ]);
  const client = {
    commonName: `system:node:${nodeName}`,
    organization: 'system:nodes',
    ca: { certificate: access.caCertificate },
    now: now(),
  };
  const problem = kubeconfigProblem(kubeconfig, { access, ...client, clientCertificateFile: PATHS.kubeletClientCertificate });
  if (problem !== undefined) return `${PATHS.kubeletKubeconfig}: ${problem}`;
  const certificateProblem = clientCertificateProblem({ certificate: pem?.reveal(), privateKey: pem }, client);
  return certificateProblem === undefined ? undefined : `${PATHS.kubeletClientCertificate}: ${certificateProblem}`;
}

async function write(host: Host, { access, token }: BootstrapInput): Promise<void> {
  const own = [PATHS.kubeletKubeconfig, PATHS.kubeletClientCertificate];
  const stats = await host.files.stat([PATHS.bootstrapKubeletKubeconfig, ...own]);
  await host.journal.record(
    [...stats].map(([path, stat]) => ({ kind: 'path', path, was: stat === undefined ? 'absent' : stat.type === 'link' ? 'link' : 'file' })),
  );
  // A kubelet with a kubeconfig of its own that has not expired would not look at the token.
  await host.files.remove(own);
  await host.files.writeAtomic(PATHS.bootstrapKubeletKubeconfig, renderBootstrapKubeconfig(access, token), { mode: 0o600 });
}

/** bootstrap-kubelet.conf with the token, there only until the kubelet has bought its certificate with it. */
export function kubeletBootstrapStep(input: BootstrapInput): AnyStep {
  return step<string | undefined>({
    id: 'kubelet/bootstrap',
    title: 'Hand the bootstrap token to the kubelet',
    timeoutMs: 60_000,
    probe: (host) => joinedProblem(host, input),
    plan: (problem) =>
      problem === undefined
        ? { change: 'none' }
        : { change: 'create', summary: `create ${PATHS.bootstrapKubeletKubeconfig} until the kubelet has its certificate (${problem})` },
    apply: (host) => write(host, input),
    async verify(host) {
      const stats = await host.files.stat([PATHS.bootstrapKubeletKubeconfig]);
      if (stats.get(PATHS.bootstrapKubeletKubeconfig)?.mode === 0o600) return;
      throw new KbsError('VERIFY_FAILED', `${PATHS.bootstrapKubeletKubeconfig} is not as it was written`, { where: { host: host.name } });
    },
  });
}
