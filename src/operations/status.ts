import { endpointOf } from '../config/index.js';
import { etcdTopology } from '../constants/index.js';
import type { KbsError } from '../errors/index.js';
import { listKbsErrors, type KbsErrorJson } from '../errors/index.js';
import { createEventBus } from '../events/index.js';
import type { Host } from '../host/index.js';
import type { EtcdMemberHealth } from '../etcd/index.js';
import { isReady, type KubeObject } from '../kube/index.js';
import { isControlPlane, isEtcdHost, type RunContext } from '../phases/index.js';
import { CLUSTER_PHASES } from './cluster-phases.js';
import { disconnect, openRunContext, runPhases, tryTargets, type ClusterInput } from './cluster-run.js';
import { endpointStatus, type EndpointStatus } from './endpoint-status.js';
import { findStrangers } from './strangers.js';
import { certificateHealth, componentHealth, externalEtcdHealth, type CertificateHealth, type ComponentHealth } from './host-health.js';

/** One host at a glance. */
export interface HostStatus {
  readonly name: string;
  readonly address: string;
  readonly roles: readonly string[];
  /** Ready, NotReady, absent (no Node object), unknown (the API does not answer), or none: a host of etcd is no node. */
  readonly node: 'Ready' | 'NotReady' | 'absent' | 'unknown' | 'none';
  readonly kubelet?: string;
  readonly runtime?: string;
  readonly system?: string;
  /** Why the host could not be reached. */
  readonly problem?: KbsErrorJson;
}

/** A member of etcd at a glance. */
export interface EtcdMemberStatus {
  /** Empty until it has started for the first time. */
  readonly name: string;
  /** Hex. */
  readonly id: string;
  readonly role: 'leader' | 'follower' | 'learner';
  readonly version?: string;
  readonly dbSizeBytes?: number;
  /** Why it is not healthy. */
  readonly problem?: string;
}

/** The cluster at a glance. */
export interface ClusterStatus {
  readonly cluster: string;
  readonly endpoint: string;
  readonly controlPlaneEndpoint: EndpointStatus;
  readonly kubernetesVersion: string;
  readonly hosts: readonly HostStatus[];
  readonly components: readonly ComponentHealth[];
  /** Empty when nobody could be asked (without a quorum there is no list), and for an external etcd. */
  readonly etcd: readonly EtcdMemberStatus[];
  /** Nodes and members of etcd that the cluster has and the file has not. */
  readonly notInFile: readonly string[];
  readonly certificates: readonly CertificateHealth[];
  /** Steps `kbs apply` would do; absent when it could not be found out, with the reason. */
  readonly drift: { readonly changes: readonly string[] } | { readonly unknown: string };
}

interface NodeFields {
  readonly status?: {
    readonly nodeInfo?: { readonly kubeletVersion?: string; readonly containerRuntimeVersion?: string };
  };
}

async function readNodes(context: RunContext, signal: AbortSignal): Promise<readonly KubeObject[] | undefined> {
  const api = await context.kube.tryConnect(signal);
  return api?.list({ apiVersion: 'v1', kind: 'Node' });
}

function nodeWord(nodes: readonly KubeObject[] | undefined, node: KubeObject | undefined): HostStatus['node'] {
  if (nodes === undefined) return 'unknown';
  if (node === undefined) return 'absent';
  return isReady(node) ? 'Ready' : 'NotReady';
}

function hostStatus(
  input: ClusterInput,
  name: string,
  host: Host | undefined,
  nodes: readonly KubeObject[] | undefined,
  problem: KbsError | undefined,
): HostStatus {
  const spec = input.spec.hosts.find((candidate) => candidate.name === name);
  const node = nodes?.find(({ metadata }) => metadata.name === name) as (KubeObject & NodeFields) | undefined;
  const { kubeletVersion, containerRuntimeVersion } = node?.status?.nodeInfo ?? {};
  return {
    name,
    address: spec?.address ?? '',
    roles: spec?.roles ?? [],
    node: spec?.roles.includes('etcd') === true ? 'none' : nodeWord(nodes, node),
    ...(kubeletVersion === undefined ? {} : { kubelet: kubeletVersion }),
    ...(containerRuntimeVersion === undefined ? {} : { runtime: containerRuntimeVersion }),
    ...(host === undefined ? {} : { system: `${host.facts.os.prettyName}, ${host.facts.architecture}` }),
    ...(problem === undefined ? {} : { problem: problem.toJSON() }),
  };
}

async function readEtcd({ spec, etcd }: RunContext, signal: AbortSignal): Promise<readonly EtcdMemberHealth[]> {
  const members = etcdTopology(spec) === 'external' ? undefined : await etcd.tryMembers(signal);
  return members === undefined ? [] : etcd.health(members, signal);
}

function memberStatus({ member, status, problem }: EtcdMemberHealth): EtcdMemberStatus {
  const role = member.isLearner ? 'learner' : status?.leaderId === member.id ? 'leader' : 'follower';
  return {
    name: member.name,
    id: member.id,
    role,
    ...(status === undefined ? {} : { version: status.version, dbSizeBytes: status.dbSizeBytes }),
    ...(problem === undefined ? {} : { problem }),
  };
}

/** What `kbs plan` would show, found out with a bus of its own: a status draws no phases. */
async function findDrift(input: ClusterInput, context: RunContext, hosts: readonly Host[]): Promise<ClusterStatus['drift']> {
  if (hosts.length < input.spec.hosts.length) return { unknown: 'not every host can be reached' };
  const quiet = { ...input, bus: createEventBus({ run: input.bus.run, now: () => Date.now() }) };
  try {
    const phases = CLUSTER_PHASES.filter(({ name }) => name !== 'preflight' && name !== 'etcd-checks');
    const { changes } = await runPhases(quiet, {
      operation: 'status',
      phases,
      context,
      hosts: { targets: hosts, helpers: [] },
      mode: 'plan',
    });
    return { changes: changes.map(({ host, step, plan }) => `${host} ${step}: ${plan.summary}`) };
  } catch (error) {
    return {
      unknown: listKbsErrors(error)
        .map(({ message }) => message)
        .join('; '),
    };
  }
}

/** `kbs status`: looks at everything and changes nothing; a host that cannot be reached is a row, not an error. */
export async function clusterStatus(input: ClusterInput): Promise<ClusterStatus> {
  const { hosts, failures } = await tryTargets(input, input.spec.hosts);
  const [first] = failures;
  if (hosts.length === 0 && first !== undefined) throw first;
  const { host: endpointHost, port } = endpointOf(input.spec);
  try {
    const context = await openRunContext(input, { targets: hosts, helpers: [] }, false);
    const { ca } = await context.pki.shared();
    const etcd = etcdTopology(input.spec);
    const controlPlanes = hosts.filter(isControlPlane);
    const [nodes, members, components, controlPlaneEndpoint] = await Promise.all([
      readNodes(context, input.signal),
      readEtcd(context, input.signal),
      Promise.all([
        ...hosts.map((host) => componentHealth(host, ca.certificate, etcd)),
        externalEtcdHealth(input.spec, context, controlPlanes),
      ]),
      endpointStatus(input.spec, hosts, ca.certificate),
    ]);
    // Not at the same time: beside the work of many certificates, and of a plan on many hosts, what answers would look as if it did not.
    const [certificates, drift] = await Promise.all([
      Promise.all(
        hosts.filter((host) => isControlPlane(host) || isEtcdHost(host)).map((host) => certificateHealth(host, etcd, input.now())),
      ),
      findDrift(input, context, hosts),
    ]);
    const strangers = findStrangers(
      input.spec,
      nodes ?? [],
      members.map(({ member }) => member),
    );
    return {
      cluster: input.spec.name,
      endpoint: `${endpointHost}:${port}`,
      controlPlaneEndpoint,
      kubernetesVersion: input.spec.kubernetesVersion,
      hosts: input.spec.hosts.map(({ name }) =>
        hostStatus(
          input,
          name,
          hosts.find((host) => host.name === name),
          nodes,
          failures.find(({ where }) => where.host === name),
        ),
      ),
      components: components.flat(),
      etcd: members.map(memberStatus),
      notInFile: [...strangers.nodes, ...strangers.members],
      certificates: certificates.flat(),
      drift,
    };
  } finally {
    await disconnect({ targets: hosts, helpers: [] });
  }
}
