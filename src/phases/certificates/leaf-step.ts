import { PATHS } from '../../constants/index.js';
import { step, type AnyStep } from '../../engine/index.js';
import { KbsError } from '../../errors/index.js';
import type { Host, JournalEntry } from '../../host/index.js';
import { issueLeaf, leafProblem, type CertSpec, type ControlPlaneNode, type SharedPki } from '../../pki/index.js';

interface Unfit {
  readonly spec: CertSpec;
  readonly reason: string;
  readonly isNew: boolean;
}

interface LeafInput {
  readonly leaves: readonly CertSpec[];
  readonly shared: SharedPki;
  readonly node: ControlPlaneNode;
  readonly now: () => Date;
}

function pathsOf(spec: CertSpec): { readonly certificate: string; readonly key: string } {
  return { certificate: `${PATHS.pkiDir}/${spec.file}.crt`, key: `${PATHS.pkiDir}/${spec.file}.key` };
}

async function probeLeaves(host: Host, { leaves, shared, node, now }: LeafInput): Promise<readonly Unfit[]> {
  const found = await Promise.all(
    leaves.map(async (spec): Promise<Unfit | undefined> => {
      const paths = pathsOf(spec);
      const [certificate, privateKey] = await Promise.all([host.files.read(paths.certificate), host.files.readSecret(paths.key)]);
      const reason = leafProblem({ certificate, privateKey }, { spec, shared, node, now: now() });
      return reason === undefined ? undefined : { spec, reason, isNew: certificate === undefined };
    }),
  );
  return found.filter((leaf) => leaf !== undefined);
}

async function issue(host: Host, unfit: readonly Unfit[], { shared, node, now }: LeafInput): Promise<void> {
  const files = unfit.flatMap(({ spec }) => Object.values(pathsOf(spec)));
  const stats = await host.files.stat(files);
  await host.journal.record(
    files.map((path): JournalEntry => ({ kind: 'path', path, was: stats.get(path) === undefined ? 'absent' : 'file' })),
  );
  const issued = await Promise.all(unfit.map(async ({ spec }) => ({ ...pathsOf(spec), pair: await issueLeaf(spec, shared, node, now()) })));
  // The keys first: a certificate without its key is what a run that died here must not look finished with.
  await Promise.all(issued.map(({ key, pair }) => host.files.writeAtomic(key, pair.privateKey, { mode: 0o600 })));
  await Promise.all(issued.map(({ certificate, pair }) => host.files.writeAtomic(certificate, pair.certificate, { mode: 0o644 })));
}

/** Certificates of a control plane or of a host of etcd: issued where missing, wrong or about to expire, left alone where fit. */
export function leafCertificatesStep(input: LeafInput): AnyStep {
  return step<readonly Unfit[]>({
    id: 'certificates/leaves',
    title: 'Issue the host’s certificates',
    timeoutMs: 120_000,
    probe: (host) => probeLeaves(host, input),
    plan: (unfit) =>
      unfit.length === 0
        ? { change: 'none' }
        : {
            change: unfit.every(({ isNew }) => isNew) ? 'create' : 'update',
            summary: unfit.map(({ spec, reason }) => `issue ${spec.name} (${reason})`).join(', '),
          },
    apply: (host, unfit) => issue(host, unfit, input),
    async verify(host) {
      const [left] = await probeLeaves(host, input);
      if (left === undefined) return;
      throw new KbsError('VERIFY_FAILED', `certificate ${left.spec.name} is not fit right after it was issued: ${left.reason}`, {
        where: { host: host.name },
      });
    },
  });
}
