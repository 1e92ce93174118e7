import type { Draft } from './draft.js';
import type { Problem } from './problem.js';

const CNI = ['spec', 'network', 'cni'] as const;
const REFLECTORS = [...CNI, 'calico', 'routeReflectors'] as const;

/** Every node talks to every other one up to here. Source: Calico v3.25, configuring BGP. */
const FULL_MESH_NODES = 100;

function modeIn(draft: Draft): unknown {
  return draft.at(...CNI, 'calico', 'mode') ?? 'vxlan';
}

function speaksBgp(draft: Draft): boolean {
  return ['ipip', 'bgp'].includes(String(modeIn(draft)));
}

function* reflectorProblems(draft: Draft): Generator<Problem> {
  const names = draft.at(...REFLECTORS);
  if (!Array.isArray(names) || names.length === 0) return;
  if (!speaksBgp(draft)) {
    yield {
      path: REFLECTORS,
      atKey: true,
      message: `go with mode ipip or bgp only: mode ${String(modeIn(draft))} has no routes to hand on`,
    };
    return;
  }
  for (const [index, name] of names.entries()) {
    const host = (draft.hosts ?? []).find((candidate) => candidate.name?.value === name);
    const path = [...REFLECTORS, index];
    if (host === undefined) yield { path, message: `${String(name)} is no host of this file` };
    else if (host.isEtcd === true) yield { path, message: `${String(name)} is a host of etcd, and no node` };
  }
}

/** What is wrong between Calico's settings, those of other networks and the hosts. */
export function* calicoProblems(draft: Draft): Generator<Problem> {
  if (draft.at(...CNI, 'type') !== 'calico') return;
  const elsewhere = {
    backend: 'is flannel’s: set calico.mode',
    version: 'is flannel’s: Calico’s is pinned',
    mtu: 'is flannel’s: set calico.mtu',
  };
  for (const [field, message] of Object.entries(elsewhere)) {
    const path = [...CNI, field];
    if (draft.at(...path) !== undefined) yield { path, atKey: true, message };
  }
  yield* reflectorProblems(draft);
}

/** What is allowed and yet probably not meant. */
export function* calicoWarnings(draft: Draft): Generator<Problem> {
  const path = [...CNI, 'calico'];
  if (draft.at(...CNI, 'type') !== 'calico') {
    if (draft.at(...path) !== undefined) yield { path, atKey: true, message: 'has no effect without type: calico' };
    return;
  }
  const nodes = draft.hosts?.filter((host) => host.isEtcd !== true).length ?? 0;
  const reflectors = draft.at(...REFLECTORS);
  if (speaksBgp(draft) && nodes > FULL_MESH_NODES && !(Array.isArray(reflectors) && reflectors.length > 0)) {
    yield {
      path: [...CNI, 'type'],
      message: `${nodes} nodes that all talk BGP to each other: name some of them in calico.routeReflectors`,
    };
  }
}
