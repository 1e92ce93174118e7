import type { Draft, DraftHost } from './draft.js';
import { formatPath } from './document-path.js';
import type { Problem } from './problem.js';

const EXTERNAL = ['spec', 'etcd', 'external'] as const;

function etcdHostsIn(draft: Draft): readonly DraftHost[] {
  return (draft.hosts ?? []).filter((host) => host.isEtcd === true);
}

/** What is wrong between etcd's settings and the hosts. */
export function* etcdProblems(draft: Draft): Generator<Problem> {
  if (draft.at(...EXTERNAL) === undefined) return;
  const [first] = etcdHostsIn(draft);
  if (first !== undefined) {
    yield {
      path: EXTERNAL,
      atKey: true,
      message: `does not go with role etcd of ${formatPath(first.path)}: kbs sets up etcd there, or takes yours`,
    };
  }
  for (const field of ['dataDir', 'extraArgs']) {
    const path = ['spec', 'etcd', field];
    if (draft.at(...path) !== undefined)
      yield { path, atKey: true, message: 'is of an etcd that kbs sets up: it does not go with etcd.external' };
  }
}

function* memberWarnings(what: string, count: number): Generator<Problem> {
  const path = ['spec', 'hosts'];
  if (count > 0 && count % 2 === 0) {
    yield { path, message: `${count} ${what}: etcd stands the loss of no more members than with ${count - 1}; use an odd number` };
  }
  if (count > 7) yield { path, message: `${count} ${what}: etcd gets slower with each member; 3 or 5 are usual` };
}

/** What is allowed and yet probably not meant. */
export function* etcdWarnings(draft: Draft): Generator<Problem> {
  const hosts = etcdHostsIn(draft);
  if (hosts.length > 0) yield* memberWarnings('hosts with role etcd', hosts.length);
  else if (draft.at(...EXTERNAL) === undefined) {
    yield* memberWarnings('control planes', draft.hosts?.filter((host) => host.isControlPlane === true).length ?? 0);
  }
  for (const host of hosts) {
    for (const field of ['labels', 'taints']) {
      const path = [...host.path, field];
      if (draft.at(...path) !== undefined) yield { path, message: 'has no effect: a host of etcd is no node' };
    }
  }
}
