import type { ClusterSpec, HostSpec } from '../config/index.js';
import { joinKbsErrors, KbsError, toKbsError } from '../errors/index.js';
import type { EventBus } from '../events/index.js';
import { createHost, type Host, type Transport } from '../host/index.js';

/** How hosts of a cluster file are reached. */
export interface ConnectOptions {
  readonly spec: ClusterSpec;
  readonly transportFor: (host: HostSpec) => Transport;
  readonly bus: EventBus;
  readonly signal: AbortSignal;
  /** How long the others are waited for once one host has answered; default: as long as the cluster file says. */
  readonly graceMs?: number;
}

/** What came of trying to reach hosts. */
export interface Connected {
  readonly hosts: readonly Host[];
  readonly failures: readonly KbsError[];
}

const PHASE = 'connect';

function leftBehind({ name, address }: HostSpec, cause: unknown): KbsError {
  return new KbsError('SSH_UNREACHABLE', `${name} (${address}) had not answered long after others had: it is left out`, {
    where: { host: name, phase: PHASE },
    remedy: [`ssh ${address}   # is it up?`],
    cause,
  });
}

/** Connects to hosts at once and reads their facts. A host that cannot be reached delays only itself and is told of in `failures`. */
export async function tryConnect(hosts: readonly HostSpec[], { transportFor, bus, signal, graceMs }: ConnectOptions): Promise<Connected> {
  const startedMs = performance.now();
  const grace = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const patience = graceMs === undefined ? signal : AbortSignal.any([signal, grace.signal]);
  bus.emit({ type: 'phase.start', phase: PHASE, title: 'Connect to the hosts', hosts: hosts.map(({ name }) => name) });
  const results = await Promise.all(
    hosts.map(async (spec): Promise<Host | KbsError> => {
      const hostStartedMs = performance.now();
      bus.emit({ type: 'host.start', phase: PHASE, host: spec.name, steps: 1, after: [] });
      const end = (status: 'unchanged' | 'failed'): void =>
        bus.emit({ type: 'host.end', phase: PHASE, host: spec.name, durationMs: Math.round(performance.now() - hostStartedMs), status });
      try {
        const host = await createHost({
          name: spec.name,
          address: spec.address,
          roles: spec.roles,
          transport: transportFor(spec),
          signal: patience,
        });
        if (graceMs !== undefined) timer ??= setTimeout(() => grace.abort(), graceMs);
        end('unchanged');
        return host;
      } catch (error) {
        end('failed');
        if (grace.signal.aborted && !signal.aborted) return leftBehind(spec, error);
        return toKbsError(error, { host: spec.name, phase: PHASE });
      }
    }),
  );
  clearTimeout(timer);
  const failures = results.filter((result) => result instanceof KbsError);
  const status = failures.length === 0 ? 'succeeded' : 'failed';
  bus.emit({ type: 'phase.end', phase: PHASE, durationMs: Math.round(performance.now() - startedMs), status });
  return { hosts: results.filter((result): result is Host => !(result instanceof KbsError)), failures };
}

/**
 * Connects to hosts at once; all must be reached.
 * @throws KbsError or KbsErrors SSH_UNREACHABLE, SSH_AUTH, SSH_HOST_KEY …: every host that cannot be reached
 */
export async function connectAll(hosts: readonly HostSpec[], options: ConnectOptions): Promise<readonly Host[]> {
  const { hosts: connected, failures } = await tryConnect(hosts, options);
  const [first, ...rest] = failures;
  if (first === undefined) return connected;
  await Promise.all(connected.map((host) => host.transport.close()));
  throw joinKbsErrors([first, ...rest]);
}
