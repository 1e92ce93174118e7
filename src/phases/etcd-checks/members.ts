import { PATHS } from '../../constants/index.js';
import type { Host } from '../../host/index.js';
import { etcdEndpoints } from '../access.js';
import { isControlPlane, type RunContext } from '../context.js';
import { hasEtcdData } from '../etcd-data.js';
import { flagOf } from '../manifest.js';
import type { CheckResult } from '../preflight/index.js';

type Slice = Pick<RunContext, 'spec' | 'hosts'>;

const API_SERVER_MANIFEST = `${PATHS.manifestsDir}/kube-apiserver.yaml`;
const BESIDE_API_SERVER: readonly string[] = ['https://127.0.0.1:2379'];

/** URLs of etcd that the API server of a host was given; undefined when there is none. */
async function serversInUse(host: Host): Promise<readonly string[] | undefined> {
  const text = await host.files.read(API_SERVER_MANIFEST);
  return text === undefined ? undefined : flagOf(text, 'etcd-servers')?.split(',');
}

/** An API server is never led to another etcd: the cluster would be empty there. */
export async function checkServersInUse(host: Host, { spec }: Slice): Promise<readonly CheckResult[]> {
  const seen = await serversInUse(host);
  const wanted = spec.apiServer.extraArgs['etcd-servers']?.split(',') ?? etcdEndpoints(spec) ?? BESIDE_API_SERVER;
  if (seen === undefined || seen.some((url) => wanted.includes(url))) return [];
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
 * A host of etcd without data while there are API servers, which get their manifest only when all members are healthy: the data was
 * lost, or the host is new. Started as it is it would be a cluster of its own, or none.
 */
export async function checkMemberData(host: Host, { spec, hosts }: Slice): Promise<readonly CheckResult[]> {
  if (await hasEtcdData(host, spec.etcd.dataDir)) return [];
  if (!(await isClusterMade(hosts))) return [];
  const text = `${spec.etcd.dataDir} holds no member, while the cluster has been made — put the data back, or take the host out of the file: members of an etcd on hosts of its own are not added or replaced by kbs yet`;
  return [{ name: 'EtcdMembers', level: 'error', text }];
}
