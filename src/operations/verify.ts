import { nodeHosts } from '../config/index.js';
import type { KbsErrorJson } from '../errors/index.js';
import { runVerification, stageCluster, verificationError, verifyHost, type VerifyProfile, type VerifyRow } from '../phases/index.js';
import { withClusterLock } from './cluster-lock.js';
import { asPhase } from './as-phase.js';
import { connectTargets, disconnect, openRunContext, type ClusterInput } from './cluster-run.js';

/** What `kbs verify` found. */
export interface VerifyResult {
  readonly cluster: string;
  readonly profile: VerifyProfile;
  readonly ok: boolean;
  readonly durationMs: number;
  readonly rows: readonly VerifyRow[];
  /** What is wrong, with evidence; absent when nothing is. */
  readonly error?: KbsErrorJson;
}

const PHASE = 'verify';
const STEP = 'verify/checks';

/**
 * `kbs verify`: proves what a cluster must do for its users, with pods of its own, and takes them away.
 * @param options.timeoutMs for everything but cleaning up; the more than usual it is, the more patience every wait has
 * @throws KbsError SSH_UNREACHABLE …, CLUSTER_LOCKED, KUBE_UNREACHABLE, CANCELLED; a red row is part of the result
 */
export async function verifyCluster(
  input: ClusterInput,
  { profile, timeoutMs }: { readonly profile: VerifyProfile; readonly timeoutMs: number },
): Promise<VerifyResult> {
  const startedMs = performance.now();
  const { spec, bus, signal } = input;
  const targets = await connectTargets(input, nodeHosts(spec));
  const hosts = { targets, helpers: [] };
  try {
    const context = await openRunContext(input, hosts, false);
    const cluster = await stageCluster(context);
    const host = targets[0]?.name ?? '';
    const verify = () =>
      runVerification({
        ...{ kube: context.kube, profile, image: context.images.agnhost, hosts: targets.map(verifyHost), cluster, signal, timeoutMs },
        onProgress: (message) => bus.emit({ type: 'step.progress', phase: PHASE, host, step: STEP, message }),
        onWarning: (message, remedy) => bus.emit({ type: 'warning', phase: PHASE, message, remedy }),
      });
    const found = await withClusterLock(targets, { run: bus.run, operation: PHASE, now: input.now() }, () =>
      asPhase(bus, { phase: PHASE, title: 'Verify the cluster', host }, verify),
    );
    const error = verificationError(found);
    const durationMs = Math.round(performance.now() - startedMs);
    return {
      cluster: spec.name,
      profile,
      ok: error === undefined,
      durationMs,
      rows: found.rows,
      ...(error === undefined ? {} : { error: error.toJSON() }),
    };
  } finally {
    await disconnect(hosts);
  }
}
