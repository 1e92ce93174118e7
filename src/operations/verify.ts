import { endpointOf, nodeHosts, serviceAddress } from '../config/index.js';
import type { KbsErrorJson } from '../errors/index.js';
import { httpStatus, type Host, type HttpAnswer } from '../host/index.js';
import {
  runVerification,
  verificationError,
  type HostRequest,
  type VerifyHost,
  type VerifyProfile,
  type VerifyRow,
} from '../phases/index.js';
import { withClusterLock } from './cluster-lock.js';
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

/** A request from a host, given up in time also when the host's own connection attempt hangs. */
async function ask(host: Host, request: HostRequest): Promise<HttpAnswer> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<HttpAnswer>((resolve) => {
    timer = setTimeout(() => resolve({ status: undefined, reason: `no answer within ${ANSWER_MS / 1000} s` }), ANSWER_MS);
  });
  try {
    return await Promise.race([httpStatus((address, port) => host.dial(address, port), { ...request, timeoutMs: ANSWER_MS }), late]);
  } finally {
    clearTimeout(timer);
  }
}

function verifyHost(host: Host): VerifyHost {
  const { name, address, roles } = host;
  return { name, address, roles, run: (command, options) => host.run(command, options), http: (request) => ask(host, request) };
}

/** Shows a verification as a phase of one step in the cluster's lane. */
async function asPhase<T>({ bus }: ClusterInput, host: string, work: (progress: (message: string) => void) => Promise<T>): Promise<T> {
  const startedMs = performance.now();
  const passed = (): number => Math.round(performance.now() - startedMs);
  bus.emit({ type: 'phase.start', phase: PHASE, title: 'Verify the cluster', hosts: [host] });
  bus.emit({ type: 'host.start', phase: PHASE, host, steps: 1, after: [] });
  const end = (status: 'succeeded' | 'failed'): void => {
    bus.emit({ type: 'host.end', phase: PHASE, host, durationMs: passed(), status: status === 'succeeded' ? 'unchanged' : 'failed' });
    bus.emit({ type: 'phase.end', phase: PHASE, durationMs: passed(), status });
  };
  try {
    const value = await work((message) => bus.emit({ type: 'step.progress', phase: PHASE, host, step: STEP, message }));
    end('succeeded');
    return value;
  } catch (error) {
    end('failed');
    throw error;
  }
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
    const verify = (onProgress: (message: string) => void) =>
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
        onProgress,
        onWarning: (message, remedy) => bus.emit({ type: 'warning', phase: PHASE, message, remedy }),
      });
    const found = await withClusterLock(targets, { run: bus.run, operation: PHASE, now: input.now() }, () =>
      asPhase(input, targets[0]?.name ?? '', verify),
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
