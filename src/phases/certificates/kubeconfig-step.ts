import { step, type AnyStep } from '../../engine/index.js';
import { KbsError } from '../../errors/index.js';
import type { Host } from '../../host/index.js';
import { issueKubeconfig, kubeconfigProblem, KUBECONFIGS, type ClusterAccess, type KubeconfigSpec } from '../../kubeconfig/index.js';
import type { KeyPair } from '../../pki/index.js';

interface KubeconfigInput {
  readonly ca: KeyPair;
  readonly nodeName: string;
  readonly endpoint: ClusterAccess;
  readonly local: ClusterAccess;
  readonly now: () => Date;
}

interface Unfit {
  readonly spec: KubeconfigSpec;
  readonly reason: string;
  readonly isNew: boolean;
}

/** The kubelet's own is written with its identity: it names a file the kubelet renews. */
const WRITTEN_HERE = KUBECONFIGS.filter(({ name }) => name !== 'kubelet');

async function probeKubeconfigs(host: Host, input: KubeconfigInput): Promise<readonly Unfit[]> {
  const found = await Promise.all(
    WRITTEN_HERE.map(async (spec): Promise<Unfit | undefined> => {
      const text = await host.files.readSecret(spec.path);
      const reason = kubeconfigProblem(text, {
        access: input[spec.server],
        commonName: spec.commonName(input.nodeName),
        ...(spec.organization === undefined ? {} : { organization: spec.organization }),
        ca: input.ca,
        now: input.now(),
      });
      return reason === undefined ? undefined : { spec, reason, isNew: text === undefined };
    }),
  );
  return found.filter((kubeconfig) => kubeconfig !== undefined);
}

async function write(host: Host, unfit: readonly Unfit[], input: KubeconfigInput): Promise<void> {
  await host.journal.record(unfit.map(({ spec, isNew }) => ({ kind: 'path', path: spec.path, was: isNew ? 'absent' : 'file' })));
  const { nodeName, ca, now } = input;
  const issued = await Promise.all(
    unfit.map(async ({ spec }) => ({
      path: spec.path,
      text: await issueKubeconfig(spec, { access: input[spec.server], nodeName, ca, now: now() }),
    })),
  );
  await Promise.all(issued.map(({ path, text }) => host.files.writeAtomic(path, text, { mode: 0o600 })));
}

/** admin.conf, controller-manager.conf and scheduler.conf, each with a client certificate of its own. */
export function kubeconfigsStep(input: KubeconfigInput): AnyStep {
  return step<readonly Unfit[]>({
    id: 'certificates/kubeconfigs',
    title: 'Write the kubeconfigs of the control plane',
    timeoutMs: 120_000,
    probe: (host) => probeKubeconfigs(host, input),
    plan: (unfit) =>
      unfit.length === 0
        ? { change: 'none' }
        : {
            change: unfit.every(({ isNew }) => isNew) ? 'create' : 'update',
            summary: unfit.map(({ spec, reason }) => `write ${spec.path} (${reason})`).join(', '),
          },
    apply: (host, unfit) => write(host, unfit, input),
    async verify(host) {
      const [left] = await probeKubeconfigs(host, input);
      if (left === undefined) return;
      throw new KbsError('VERIFY_FAILED', `${left.spec.path} is not fit right after it was written: ${left.reason}`, {
        where: { host: host.name },
      });
    },
  });
}
