import { controlPlanes, etcdHosts, type ClusterSpec, type HostSpec } from '../../config/index.js';
import { etcdTopology, hostPort, PATHS, PORTS } from '../../constants/index.js';
import type { EtcdMember } from '../../etcd/index.js';
import { KbsError } from '../../errors/index.js';
import type { Host } from '../../host/index.js';
import { isEtcdHost, type RunContext } from '../context.js';
import { hasEtcdData } from '../etcd-data.js';
import { flagOf } from '../manifest.js';

/** What etcd's flags say about whom it starts with. */
export interface EtcdStartFlags {
  /** `cp1=https://10.0.0.11:2380,…` */
  readonly initialCluster: string;
  /** `existing` for a member that was added to a running cluster. */
  readonly initialClusterState?: string;
}

/**
 * How the member of a host comes to be: `together` with the others of a new cluster, `stays` as it is, or `joins` a running one (also
 * when it was added and is not through). Which members there are is asked of etcd, never of the cluster file.
 */
export type EtcdStart =
  | { readonly kind: 'together' | 'stays'; readonly flags: EtcdStartFlags }
  | {
      readonly kind: 'joins';
      /** As etcd lists it; absent: it has to be added. */
      readonly member?: EtcdMember;
      /** A member of this address whose data is gone with the host's disk: it is taken out before. */
      readonly lost?: EtcdMember;
    };

type Slice = Pick<RunContext, 'spec' | 'etcd' | 'memberHosts' | 'mayFound'>;

/** Where peers reach the member of a host; it identifies the member. */
export function peerUrlOf({ address }: { readonly address: string }): string {
  return `https://${hostPort(address, PORTS.etcdPeer)}`;
}

/** The flag's text for members; one without a name is called by its identifier, as kubeadm does. */
export function initialClusterOf(members: readonly { readonly name: string; readonly peerUrl: string }[]): string {
  return members.map(({ name, peerUrl }) => `${name}=${peerUrl}`).join(',');
}

/** Flags of a host that joins the members that etcd lists, itself among them or not. */
export function joiningFlags(members: readonly EtcdMember[], host: Pick<Host, 'name' | 'address'>): EtcdStartFlags {
  const own = peerUrlOf(host);
  const others = members
    .filter(({ peerUrls }) => !peerUrls.includes(own))
    .flatMap(({ id, name, peerUrls }) => peerUrls.map((peerUrl) => ({ name: name === '' ? id : name, peerUrl })));
  const all = [...others, { name: host.name, peerUrl: own }].sort((one, other) => (one.peerUrl < other.peerUrl ? -1 : 1));
  return { initialCluster: initialClusterOf(all), initialClusterState: 'existing' };
}

interface EtcdOnHost {
  /** Of its static pod or unit; undefined when there is none. */
  readonly flags: EtcdStartFlags | undefined;
  readonly hasData: boolean;
}

/** The value of a flag of etcd as it was set up on a host. */
type FlagReader = (flag: string) => string | undefined;

/** Flags in the unit of etcd, one on each line; those that are asked for hold nothing systemd would have in quotes. */
function unitFlag(unit: string, flag: string): string | undefined {
  const start = `--${flag}=`;
  const line = unit.split('\n').find((candidate) => candidate.trim().startsWith(start));
  return line?.trim().slice(start.length).replace(/ \\$/, '');
}

async function flagReader(host: Host): Promise<FlagReader | undefined> {
  if (isEtcdHost(host)) {
    const unit = await host.files.read(PATHS.etcdUnit);
    return unit === undefined ? undefined : (flag) => unitFlag(unit, flag);
  }
  const manifest = await host.files.read(`${PATHS.manifestsDir}/etcd.yaml`);
  return manifest === undefined ? undefined : (flag) => flagOf(manifest, flag);
}

function startFlagsIn(flag: FlagReader): EtcdStartFlags | undefined {
  const initialCluster = flag('initial-cluster');
  const initialClusterState = flag('initial-cluster-state');
  if (initialCluster === undefined) return undefined;
  return { initialCluster, ...(initialClusterState === undefined ? {} : { initialClusterState }) };
}

/** @throws KbsError CONFIG_INVALID when the cluster file wants the data of a member somewhere else than it is */
async function lookAt(host: Host, spec: ClusterSpec): Promise<EtcdOnHost> {
  const flag = await flagReader(host);
  const { dataDir } = spec.etcd;
  const present = flag?.('data-dir') ?? dataDir;
  const hasData = await hasEtcdData(host, present);
  if (hasData && present !== dataDir) {
    throw new KbsError(
      'CONFIG_INVALID',
      `etcd on ${host.name} has its data in ${present}: spec.etcd.dataDir cannot be changed to ${dataDir}`,
      {
        where: { host: host.name },
        remedy: [`set spec.etcd.dataDir: ${present}`],
      },
    );
  }
  return { flags: flag === undefined ? undefined : startFlagsIn(flag), hasData };
}

/** Hosts of the file that etcd runs on. */
function memberSpecs(spec: ClusterSpec): readonly HostSpec[] {
  return etcdTopology(spec) === 'hosts' ? etcdHosts(spec) : controlPlanes(spec);
}

/** Whom the members that were born together started with, as those that have started say; the file only when none has. */
async function foundingFlags({ spec, memberHosts: connected, mayFound }: Slice, host: Host): Promise<EtcdStartFlags | undefined> {
  const others = connected.filter((other) => other.name !== host.name);
  const started = (await Promise.all(others.map((other) => lookAt(other, spec)))).filter(({ hasData }) => hasData);
  const own = peerUrlOf(host);
  const founders = started.find(({ flags }) => flags?.initialClusterState === undefined && flags?.initialCluster.includes(own) === true);
  if (founders?.flags !== undefined) return founders.flags;
  if (started.length > 0 || !mayFound) return undefined;
  return { initialCluster: initialClusterOf(memberSpecs(spec).map((one) => ({ name: one.name, peerUrl: peerUrlOf(one) }))) };
}

function staleData(host: Host, spec: ClusterSpec): KbsError {
  return new KbsError(
    'ETCD_REFUSED',
    `${host.name} has data of etcd in ${spec.etcd.dataDir}, but is no member of this cluster's etcd any more`,
    {
      where: { host: host.name },
      remedy: [
        `kbs node remove ${host.name} -f CLUSTER_FILE   # cleans the host; then kbs join brings it back as a new member`,
        `ls -l ${spec.etcd.dataDir}/member   # on ${host.name}: is it of another cluster, and needed?`,
      ],
    },
  );
}

/**
 * How etcd on a host has to start.
 * @throws KbsError ETCD_REFUSED for a host with data of a member that was removed, ETCD_UNREACHABLE when etcd has another CA
 */
export async function etcdStartOf(slice: Slice, host: Host): Promise<EtcdStart> {
  const { spec, etcd } = slice;
  const [{ flags, hasData }, members] = await Promise.all([lookAt(host, spec), etcd.tryMembers(new AbortController().signal)]);
  if (members === undefined) {
    if (flags !== undefined && hasData) return { kind: 'stays', flags };
    const founding = await foundingFlags(slice, host);
    return founding === undefined ? { kind: 'joins' } : { kind: 'together', flags: founding };
  }
  const member = members.find(({ peerUrls }) => peerUrls.includes(peerUrlOf(host)));
  if (member === undefined) {
    if (hasData) throw staleData(host, spec);
    return { kind: 'joins' };
  }
  const hasStarted = member.clientUrls.length > 0;
  if (hasStarted && !hasData) return { kind: 'joins', lost: member };
  if (member.isLearner) return { kind: 'joins', member };
  if (hasData) return { kind: 'stays', flags: flags ?? joiningFlags(members, host) };
  // Born together with others that were faster, or added by somebody and never started.
  const founding = await foundingFlags(slice, host);
  return founding === undefined ? { kind: 'joins', member } : { kind: 'together', flags: founding };
}
