import type { ClusterStatus } from '../operations/index.js';
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
    ['HOST', 'ADDRESS', 'ROLES', 'NODE', 'KUBELET', 'RUNTIME', 'SYSTEM'],
    status.hosts.map(({ name, address, roles, node, kubelet, runtime, system, problem }) => [
      name,
      address,
      roles.join(','),
      problem === undefined ? node : `${node} (${problem.code})`,
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
    ...certificateLines(status),
    ...driftLines(status),
  ].join('\n');
}
