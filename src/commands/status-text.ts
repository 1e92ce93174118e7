import type { ClusterStatus } from '../operations/index.js';
import { endpointCell, endpointLines } from './status-endpoint-text.js';
import { countOf, renderTable, type Session } from '../ui/index.js';

/** Certificates with fewer days left are shown one by one. */
const SOON_DAYS = 60;
const MOST_DRIFT_LINES = 12;

function table(headers: readonly string[], rows: readonly (readonly string[])[], session: Session): string {
  const options = session.width === undefined ? {} : { width: session.width };
  return renderTable(
    headers.map((header) => ({ header })),
    rows,
    options,
  );
}

function certificateLines({ certificates }: ClusterStatus): readonly string[] {
  const soon = certificates.filter(({ daysLeft }) => daysLeft === undefined || daysLeft < SOON_DAYS);
  const lines = soon.map(
    ({ host, name, daysLeft }) => `  ${host} ${name}: ${daysLeft === undefined ? 'missing' : `${daysLeft} days left`}`,
  );
  const least = Math.min(...certificates.flatMap(({ daysLeft }) => (daysLeft === undefined ? [] : [daysLeft])));
  if (certificates.length === 0) return ['certificates: none could be read'];
  return [`certificates: ${countOf(certificates.length, 'certificate')}, the first ends in ${least} days`, ...lines];
}

function etcdLines({ etcd, notInFile }: ClusterStatus): readonly string[] {
  const sick = etcd.filter(({ problem }) => problem !== undefined);
  const leader = etcd.find(({ role }) => role === 'leader');
  const labelOf = ({ name, id }: ClusterStatus['etcd'][number]): string => (name === '' ? id : name);
  const head =
    etcd.length === 0
      ? 'etcd: its members could not be asked: external, down, or without a quorum'
      : `etcd: ${etcd.length - sick.length} of ${etcd.length} members healthy, ${leader === undefined ? 'no leader' : `${labelOf(leader)} leads`}`;
  return [
    head,
    ...etcd.filter(({ role }) => role === 'learner').map((member) => `  ${labelOf(member)}: a learner, it does not vote yet`),
    ...sick.map((member) => `  ${labelOf(member)} (${member.id}): ${member.problem ?? ''}`),
    ...notInFile.map((name) => `not in the cluster file: ${name} (kbs node remove ${name}, or name it there)`),
  ];
}

function driftLines({ drift }: ClusterStatus): readonly string[] {
  if ('unknown' in drift) return [`drift: unknown (${drift.unknown})`];
  if (drift.changes.length === 0) return ['drift: none, kbs apply would change nothing'];
  const rest = drift.changes.length - MOST_DRIFT_LINES;
  return [
    `drift: kbs apply would make ${countOf(drift.changes.length, 'change')}`,
    ...drift.changes.slice(0, MOST_DRIFT_LINES).map((change) => `  ${change}`),
    ...(rest > 0 ? [`  … and ${rest} more: kbs plan shows all`] : []),
  ];
}

/** The status as people read it. */
export function statusText(status: ClusterStatus, session: Session): string {
  const hosts = table(
    ['HOST', 'ADDRESS', 'ROLES', 'NODE', 'ENDPOINT', 'KUBELET', 'RUNTIME', 'SYSTEM'],
    status.hosts.map(({ name, address, roles, node, kubelet, runtime, system, problem }) => [
      name,
      address,
      roles.join(','),
      problem === undefined ? node : `${node} (${problem.code})`,
      endpointCell(status, name),
      kubelet ?? '-',
      runtime ?? '-',
      system ?? problem?.message ?? '-',
    ]),
    session,
  );
  const sick = status.components.filter(({ healthy }) => !healthy);
  const components = [
    `components: ${status.components.length - sick.length} of ${status.components.length} healthy`,
    ...sick.map(({ host, component, problem }) => `  ${host} ${component}: ${problem ?? 'not healthy'}`),
  ];
  return [
    `${status.cluster}  ${status.kubernetesVersion}  https://${status.endpoint}`,
    '',
    hosts,
    '',
    ...components,
    ...endpointLines(status),
    ...etcdLines(status),
    ...certificateLines(status),
    ...driftLines(status),
  ].join('\n');
}
