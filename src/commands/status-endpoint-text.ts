import type { ClusterStatus } from '../operations/index.js';
import { countOf } from '../ui/index.js';

type Endpoint = ClusterStatus['controlPlaneEndpoint'];
type Seen = Endpoint['hosts'][number];
type LoadBalancer = NonNullable<Seen['loadBalancer']>;

function upCount({ apiServers }: LoadBalancer): string {
  return `${apiServers.filter(({ up }) => up).length}/${apiServers.length} up`;
}

/** The endpoint in the row of a host: whether it answers there, and what the host does for it. */
export function endpointCell({ controlPlaneEndpoint }: ClusterStatus, name: string): string {
  const seen = controlPlaneEndpoint.hosts.find(({ host }) => host === name);
  if (seen === undefined) return '-';
  return [
    seen.answers ? 'answers' : 'no answer',
    ...(seen.virtualAddress?.held === true ? ['holds it'] : []),
    ...(seen.loadBalancer === undefined ? [] : [seen.loadBalancer.problem === undefined ? upCount(seen.loadBalancer) : 'balancer?']),
  ].join(', ');
}

function holderText(hosts: readonly Seen[]): readonly string[] {
  if (hosts.every(({ virtualAddress }) => virtualAddress === undefined)) return [];
  const holders = hosts.filter(({ virtualAddress }) => virtualAddress?.held === true).map(({ host }) => host);
  if (holders.length === 0) return ['held by no control plane that was reached'];
  return [holders.length === 1 ? `held by ${holders[0] ?? ''}` : `held by ${holders.join(' and ')} at once`];
}

function problemsOf({ host, problem, virtualAddress, loadBalancer }: Seen): readonly string[] {
  const down = loadBalancer?.apiServers.filter(({ up }) => !up) ?? [];
  return [
    ...(problem === undefined ? [] : [`does not reach it: ${problem}`]),
    ...(virtualAddress?.problem === undefined ? [] : [virtualAddress.problem]),
    ...(loadBalancer?.problem === undefined ? [] : [`load balancer: ${loadBalancer.problem}`]),
    ...down.map(({ name, problem: why }) => `its load balancer sees ${name} down: ${why ?? 'no reason told'}`),
  ].map((text) => `  ${host}: ${text}`);
}

/** What makes the endpoint answer, with everything about it that is not as it should be. */
export function endpointLines({ controlPlaneEndpoint: { provider, server, hosts } }: ClusterStatus): readonly string[] {
  const answered = hosts.filter(({ answers }) => answers).length;
  const head = [
    `${provider ?? 'the control plane itself'} at ${server}`,
    ...holderText(hosts),
    `answers ${answered} of ${countOf(hosts.length, 'node')}`,
  ];
  return [`endpoint: ${head.join(', ')}`, ...hosts.flatMap(problemsOf)];
}
