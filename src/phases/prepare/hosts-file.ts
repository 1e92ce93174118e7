import type { ClusterSpec } from '../../config/index.js';
import { PATHS } from '../../constants/index.js';
import type { AnyStep } from '../../engine/index.js';
import { markedBlockStep } from '../../steps/index.js';

/** Stands in the marks around kbs's lines in /etc/hosts. */
export const HOSTS_FILE_MARK = 'kbs cluster hosts';

/** kbs's block in /etc/hosts with these lines; without lines the block is taken out. */
export function hostsFileStep(lines: readonly string[]): AnyStep {
  return markedBlockStep({
    id: 'prepare/hosts-file',
    title: lines.length === 0 ? 'Take the hosts out of /etc/hosts' : 'Name the hosts in /etc/hosts',
    path: PATHS.hostsFile,
    mark: HOSTS_FILE_MARK,
    lines,
  });
}

/** A line for each host of the cluster, and one for the endpoint is not among them: that is for DNS or a load balancer to say. */
export function hostLines(spec: Pick<ClusterSpec, 'hosts'>): readonly string[] {
  return spec.hosts.map(({ address, name }) => {
    const short = name.split('.')[0] ?? name;
    return short === name ? `${address} ${name}` : `${address} ${name} ${short}`;
  });
}
