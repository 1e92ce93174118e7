import { PORTS } from '../constants/index.js';
import { checkStep, doneUnless, waitFor, type AnyStep } from '../engine/index.js';
import { httpStatus, type Host } from '../host/index.js';

const READY_TIMEOUT_MS = 240_000;

/** Why the etcd member on a host is not healthy; undefined when it is, which means: it has a leader. */
async function healthProblem(host: Host): Promise<string | undefined> {
  const answer = await httpStatus((address, port) => host.dial(address, port), {
    address: '127.0.0.1',
    port: PORTS.etcdMetrics,
    path: '/health',
  });
  if (answer.status === 200) return undefined;
  return answer.status === undefined ? answer.reason : `/health says ${answer.status}: ${answer.body.slice(0, 200)}`;
}

/** How a member of etcd that does not come up is told of. */
interface EtcdTrouble {
  /** What the host itself says of it. */
  readonly evidence: (host: Host) => Promise<readonly string[]>;
  readonly remedy: string;
}

/** Waits until the etcd member of a host is up and has a leader. @throws KbsError WAIT_TIMEOUT with the evidence; CANCELLED */
export async function awaitEtcd(host: Host, { evidence, remedy, signal }: EtcdTrouble & { readonly signal: AbortSignal }): Promise<void> {
  await waitFor({
    what: `etcd on ${host.address}`,
    forMs: READY_TIMEOUT_MS,
    signal,
    where: { host: host.name },
    remedy: [`${remedy}   # on ${host.name}`],
    evidence: () => evidence(host),
    probe: async () => doneUnless(await healthProblem(host)),
  });
}

/** The etcd member of a host is up and has a leader. */
export function etcdReadyStep({ id, ...trouble }: EtcdTrouble & { readonly id: string }): AnyStep {
  return checkStep({
    id,
    title: 'Wait for etcd',
    timeoutMs: READY_TIMEOUT_MS + 30_000,
    run: (host, { signal }) => awaitEtcd(host, { ...trouble, signal }),
  });
}
