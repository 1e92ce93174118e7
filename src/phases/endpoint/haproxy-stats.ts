import { PORTS } from '../../constants/index.js';
import { httpStatus, type Host } from '../../host/index.js';
import { HAPROXY_STATS_PATH } from '../../render/index.js';

/** An API server as a load balancer sees it. */
export interface BalancedServer {
  readonly name: string;
  readonly up: boolean;
  /** Why it is not. */
  readonly problem?: string;
}

/** A load balancer of kbs on one host. */
export interface LoadBalancerHealth {
  /** Empty when it was not told. */
  readonly apiServers: readonly BalancedServer[];
  /** Why it was not told. */
  readonly problem?: string;
}

const BACKEND = 'kube-apiserver';
/** Rows of a proxy that are sums over its servers. */
const SUMS = ['FRONTEND', 'BACKEND'];

/** What the last check found. Source: haproxy 2.6 management guide, section 9.1, field check_status. */
const CHECKS: Readonly<Record<string, string>> = {
  L4TOUT: 'no answer to a connection',
  L4CON: 'refuses connections',
  L6TOUT: 'no answer to TLS',
  L6RSP: 'its certificate is not accepted',
  L7TOUT: 'no answer to /readyz',
  L7RSP: 'no HTTP',
  L7STS: '/readyz does not say 200',
};

function serverOf(name: string, status: string, check: string): BalancedServer {
  // "UP 1/2" has failed once and still gets connections.
  if (status.startsWith('UP')) return { name, up: true };
  const code = check.replace(/^\* /, '');
  return { name, up: false, problem: CHECKS[code] ?? [status, code].filter((word) => word !== '').join(' ') };
}

/** Reads haproxy's statistics as CSV: the servers behind the API's port, in its order. The fields read never hold a comma. Pure. */
export function parseHaproxyStats(csv: string): readonly BalancedServer[] {
  const [header = '', ...rows] = csv.split('\n');
  const names = header.replace(/^# /, '').split(',');
  const [proxyAt, nameAt, statusAt, checkAt] = ['pxname', 'svname', 'status', 'check_status'].map((name) => names.indexOf(name));
  return rows.flatMap((row) => {
    const fields = row.split(',');
    const at = (index: number | undefined): string => fields[index ?? -1] ?? '';
    if (at(proxyAt) !== BACKEND || SUMS.includes(at(nameAt))) return [];
    return [serverOf(at(nameAt), at(statusAt), at(checkAt))];
  });
}

/** Asks the haproxy of a host, static pod or service, which API servers it sees up. Never throws for one that does not answer. */
export async function loadBalancerHealth(host: Host): Promise<LoadBalancerHealth> {
  const probe = { address: '127.0.0.1', port: PORTS.endpointHealth, path: `${HAPROXY_STATS_PATH};csv` };
  const answer = await httpStatus((address, port) => host.dial(address, port), probe);
  if (answer.status === undefined) return { apiServers: [], problem: answer.reason };
  const apiServers = answer.status === 200 ? parseHaproxyStats(answer.body) : [];
  // One that an older kbs has configured tells its health, and nothing more.
  return apiServers.length > 0 ? { apiServers } : { apiServers, problem: `it does not tell which API servers it sees (${answer.status})` };
}
