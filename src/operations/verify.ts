import { endpointOf, nodeHosts, serviceAddress } from '../config/index.js';
import type { KbsErrorJson } from '../errors/index.js';
import { httpStatus, type Host } from '../host/index.js';
import { runVerification, verificationError, type VerifyHost, type VerifyProfile, type VerifyRow } from '../phases/index.js';
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
/** Longer than a pod waits for an answer itself, its name server's included: what it says is better evidence than silence. */
const ANSWER_MS = 12_000;

function verifyHost(host: Host): VerifyHost {
  const { name, address, roles } = host;
  return {
    ...{ name, address, roles, run: (command, options) => host.run(command, options) },
    http: (request) => httpStatus((to, port) => host.dial(to, port), { ...request, timeoutMs: ANSWER_MS }),
  };
}

/**
 * `kbs verify`: proves what a cluster must do for its users, with pods of its own, and takes them away.
 * @throws KbsError SSH_UNREACHABLE …, CLUSTER_LOCKED, KUBE_UNREACHABLE, CANCELLED; a red row is part of the result
 */
export async function verifyCluster(input: ClusterInput, profile: VerifyProfile): Promise<VerifyResult> {
  const startedMs = performance.now();
  const { spec, bus, signal } = input;
  const targets = await connectTargets(input, nodeHosts(spec));
  const hosts = { targets, helpers: [] };
  try {
    const { kube, images, pki } = await openRunContext(input, hosts, false);
    const { ca } = await pki.shared();
    const host = targets[0]?.name ?? '';
    const verify = () =>
      runVerification({
        kube,
        profile,
        image: images.agnhost,
        hosts: targets.map(verifyHost),
        cluster: {
          dnsDomain: spec.network.dnsDomain,
          dnsAddress: serviceAddress(spec, 10),
          apiServiceAddress: serviceAddress(spec, 1),
          endpoint: endpointOf(spec),
          ca: ca.certificate,
        },
        signal,
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
