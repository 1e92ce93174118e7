import { PATHS } from '../../constants/index.js';
import { step, type AnyStep } from '../../engine/index.js';
import { KbsError } from '../../errors/index.js';
import { sh, type Host } from '../../host/index.js';
import { clientCertificateProblem, issueClientCertificate, type KeyPair } from '../../pki/index.js';
import { Secret } from '../../secret/index.js';

interface IdentityInput {
  readonly nodeName: string;
  readonly ca: KeyPair;
  readonly now: () => Date;
}

/** Organization of every node. Source: Kubernetes' Node authorizer. */
const NODES_GROUP = 'system:nodes';

async function identityProblem(host: Host, { nodeName, ca, now }: IdentityInput): Promise<string | undefined> {
  const pem = await host.files.readSecret(PATHS.kubeletClientCertificate);
  return clientCertificateProblem(
    { certificate: pem?.reveal(), privateKey: pem },
    { commonName: `system:node:${nodeName}`, organization: NODES_GROUP, ca, now: now() },
  );
}

/** Name the kubelet itself would give the file: it renews it by writing a younger one and turning the link. */
function pemPath(now: Date): string {
  const stamp = now.toISOString().slice(0, 19).replaceAll(/[T:]/g, '-');
  return `${PATHS.kubeletPkiDir}/kubelet-client-${stamp}.pem`;
}

async function write(host: Host, { nodeName, ca, now }: IdentityInput): Promise<void> {
  const subject = { commonName: `system:node:${nodeName}`, organization: NODES_GROUP };
  // The kind of key a kubelet makes itself, when it joins with a token and whenever it renews its certificate.
  const pair = await issueClientCertificate({ ...subject, keyType: 'ec', ca, now: now() });
  const path = pemPath(now());
  const link = PATHS.kubeletClientCertificate;
  const stats = await host.files.stat([path, link]);
  await host.journal.record([
    { kind: 'path', path, was: stats.get(path) === undefined ? 'absent' : 'file' },
    { kind: 'path', path: link, was: stats.get(link) === undefined ? 'absent' : 'link' },
  ]);
  await host.files.writeAtomic(path, new Secret(`${pair.certificate}${pair.privateKey.reveal()}`), { mode: 0o600 });
  const temporary = `${link}.kbs`;
  await host.run(sh`ln -sfn ${path} ${temporary} && mv -T ${temporary} ${link}`);
  // A kubelet that runs has the old certificate: the younger ctime of its kubeconfig is what makes its unit restart.
  await host.run(sh`if [ -e ${PATHS.kubeletKubeconfig} ]; then touch -c ${PATHS.kubeletKubeconfig}; fi`);
}

/**
 * The node's client certificate, signed by the cluster's CA before the kubelet starts: no bootstrap token, no signing request to wait for.
 * The kubelet renews it from then on.
 */
export function kubeletIdentityStep(input: IdentityInput): AnyStep {
  return step<string | undefined>({
    id: 'kubelet/identity',
    title: 'Issue the node’s certificate',
    timeoutMs: 60_000,
    probe: (host) => identityProblem(host, input),
    plan: (problem) =>
      problem === undefined ? { change: 'none' } : { change: 'create', summary: `issue the kubelet's client certificate (${problem})` },
    apply: (host) => write(host, input),
    async verify(host) {
      const problem = await identityProblem(host, input);
      if (problem === undefined) return;
      throw new KbsError('VERIFY_FAILED', `the kubelet's certificate is not fit right after it was issued: ${problem}`, {
        where: { host: host.name },
      });
    },
  });
}
