import { PORTS } from '../../constants/index.js';
import { checkStep, doneUnless, waitFor, type AnyStep } from '../../engine/index.js';
import { httpStatus, type Host } from '../../host/index.js';
import type { RunContext } from '../context.js';
import { controlPlaneEvidence } from './evidence.js';

const READY_TIMEOUT_MS = 240_000;

async function readyProblem(host: Host, ca: string): Promise<string | undefined> {
  const answer = await httpStatus((address, port) => host.dial(address, port), {
    address: host.address,
    port: PORTS.apiServer,
    path: '/readyz?verbose',
    ca,
  });
  if (answer.status === 200) return undefined;
  if (answer.status === undefined) return answer.reason;
  const failed = answer.body.split('\n').filter((line) => line.startsWith('[-]'));
  return `/readyz says ${answer.status}: ${failed.join(', ') || answer.body.slice(0, 200)}`;
}

/** Waits until the API server of a host is ready. @throws KbsError WAIT_TIMEOUT with what the host itself says; CANCELLED */
export async function awaitApiServer(host: Host, ca: string, spec: RunContext['spec'], signal: AbortSignal): Promise<void> {
  await waitFor({
    what: `the API server on ${host.address}:${PORTS.apiServer}`,
    forMs: READY_TIMEOUT_MS,
    signal,
    where: { host: host.name },
    remedy: [`crictl ps -a; crictl logs $(crictl ps -a --name kube-apiserver -q | head -n 1)   # on ${host.name}`],
    evidence: () => controlPlaneEvidence(host, spec),
    probe: async () => doneUnless(await readyProblem(host, ca)),
  });
}

/** The API server of this host serves: etcd has a quorum and the start-up hooks are through. */
export function apiServerReadyStep(ca: string, spec: RunContext['spec']): AnyStep {
  return checkStep({
    id: 'api-server/ready',
    title: 'Wait for the API server',
    timeoutMs: READY_TIMEOUT_MS + 30_000,
    run: (host, { signal }) => awaitApiServer(host, ca, spec, signal),
  });
}
