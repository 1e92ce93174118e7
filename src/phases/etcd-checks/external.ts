import type { ClusterSpec } from '../../config/index.js';
import type { Host } from '../../host/index.js';
import type { RunContext } from '../context.js';
import type { CheckResult } from '../preflight/index.js';
import { DEFAULT_PREFIX, lookAtEndpoint, type EndpointFinding } from './endpoint.js';

function prefixOf({ apiServer }: Pick<ClusterSpec, 'apiServer'>): string {
  const prefix = apiServer.extraArgs['etcd-prefix'] ?? DEFAULT_PREFIX;
  return `/${prefix.replace(/^\/+|\/+$/g, '')}`;
}

function error(text: string): CheckResult {
  return { name: 'ExternalEtcd', level: 'error', text };
}

/** Endpoints of two clusters in one list: API servers would write now here, now there. */
function strangers(findings: readonly EndpointFinding[]): readonly CheckResult[] {
  const ids = new Map(findings.flatMap(({ endpoint, clusterId }) => (clusterId === undefined ? [] : [[clusterId, endpoint] as const])));
  if (ids.size < 2) return [];
  return [
    error(
      `${[...ids.values()].join(' and ')} belong to different etcd clusters — put the members of one cluster into spec.etcd.external.endpoints`,
    ),
  ];
}

function foreignData(findings: readonly EndpointFinding[], prefix: string): readonly CheckResult[] {
  const found = findings.find(({ hasData }) => hasData === true);
  if (found === undefined) return [];
  const cures = `give this cluster a prefix of its own (apiServer.extraArgs: { etcd-prefix: /registry-NAME }), or etcdctl del --prefix ${prefix}/ if nobody needs it`;
  return [error(`${found.endpoint} holds the data of another cluster below ${prefix}, and this cluster is new — ${cures}`)];
}

/** Whether the API server of a host can use the external etcd: every endpoint is asked from there, all at once. */
export async function checkExternalEtcd(host: Host, { spec, pki }: Pick<RunContext, 'spec' | 'pki'>): Promise<readonly CheckResult[]> {
  const [client, isNew] = await Promise.all([pki.externalEtcd(), pki.isNew()]);
  const prefix = prefixOf(spec);
  const endpoints = spec.etcd.external?.endpoints ?? [];
  const findings = await Promise.all(endpoints.map((endpoint) => lookAtEndpoint(host, endpoint, client, prefix)));
  const unusable = findings.flatMap(({ endpoint, problem }) =>
    problem === undefined
      ? []
      : [error(`${endpoint}: ${problem} — curl --cacert CA --cert CERT --key KEY ${endpoint}/health   # from ${host.name}`)],
  );
  return [...unusable, ...strangers(findings), ...(isNew ? foreignData(findings, prefix) : [])];
}
