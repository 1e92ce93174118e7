import { etcdTopology, PATHS } from '../../constants/index.js';
import type { Host } from '../../host/index.js';
import { etcdEndpoints } from '../access.js';
import { isControlPlane, type RunContext } from '../context.js';
import { hasEtcdData } from '../etcd-data.js';
import { flagOf } from '../manifest.js';
import type { CheckResult } from '../preflight/index.js';

type Slice = Pick<RunContext, 'spec' | 'hosts' | 'etcd'>;

const API_SERVER_MANIFEST = `${PATHS.manifestsDir}/kube-apiserver.yaml`;
const BESIDE_API_SERVER: readonly string[] = ['https://127.0.0.1:2379'];

/** URLs of etcd that the API server of a host was given; undefined when there is none. */
async function serversInUse(host: Host): Promise<readonly string[] | undefined> {
  const text = await host.files.read(API_SERVER_MANIFEST);
  return text === undefined ? undefined : flagOf(text, 'etcd-servers')?.split(',');
}

/**
 * An API server is never led to another etcd: the cluster would be empty there. To other members of the same one it is.
 */
export async function checkServersInUse(
  host: Host,
  { spec, etcd }: Omit<Slice, 'hosts'>,
  signal: AbortSignal,
): Promise<readonly CheckResult[]> {
  const seen = await serversInUse(host);
  const wanted = spec.apiServer.extraArgs['etcd-servers']?.split(',') ?? etcdEndpoints(spec) ?? BESIDE_API_SERVER;
  if (seen === undefined || seen.some((url) => wanted.includes(url))) return [];
  // The etcd beside each API server is a member of whatever is asked here, and no place to lead others to.
  if (etcdTopology(spec) === 'hosts' && !seen.some((url) => BESIDE_API_SERVER.includes(url))) {
    const known = (await etcd.tryMembers(signal))?.flatMap(({ clientUrls }) => clientUrls) ?? [];
    if ([seen, wanted].every((urls) => urls.some((url) => known.includes(url)))) return [];
  }
  const text = `its API server keeps the cluster's data in ${seen.join(', ')}, the cluster file says ${wanted.join(', ')} — kbs does not move data: correct spec.etcd and the roles, or move it yourself first (etcdctl snapshot)`;
  return [{ name: 'EtcdData', level: 'error', text }];
}

async function isClusterMade(hosts: readonly Host[]): Promise<boolean> {
  const found = await Promise.all(
    hosts.filter(isControlPlane).map(async (host) => (await host.files.stat([API_SERVER_MANIFEST])).get(API_SERVER_MANIFEST)),
  );
  return found.some((stat) => stat !== undefined);
}

/**
 * A host of etcd without data while there are API servers, which get their manifest only when all members are healthy: it is new, or its
 * data was lost. With the other members at work it joins them; alone it would be a cluster of its own, and an empty one.
 */
export async function checkMemberData(host: Host, { spec, hosts, etcd }: Slice, signal: AbortSignal): Promise<readonly CheckResult[]> {
  if (await hasEtcdData(host, spec.etcd.dataDir)) return [];
  if (!(await isClusterMade(hosts)) || (await etcd.tryMembers(signal)) !== undefined) return [];
  const text = `${spec.etcd.dataDir} holds no member, while the cluster has been made and no other member answers with a quorum — heal the others first, or put the data back`;
  return [{ name: 'EtcdMembers', level: 'error', text }];
}
