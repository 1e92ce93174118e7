import { describe, expect, test } from 'vitest';
import { buildTaskGraph } from '../../../src/engine/graph.js';
import { isMeant } from '../../../src/engine/index.js';
import { CLUSTER_PHASES } from '../../../src/operations/cluster-phases.js';
import { memoryHost } from '../../support/memory-host.js';

const HOSTS = [
  memoryHost({ name: 'cp1', roles: ['control-plane'] }),
  memoryHost({ name: 'cp2', roles: ['control-plane'] }),
  memoryHost({ name: 'w1', roles: ['worker'] }),
];

function graph() {
  return buildTaskGraph(
    CLUSTER_PHASES.map((phase) => {
      const isCluster = phase.on === 'cluster';
      const hosts = HOSTS.filter((host) => isMeant(phase.on, host)).map(({ name }) => name);
      return { ...phase, isCluster, hosts: isCluster ? ['cp1'] : hosts };
    }),
  );
}

/** Everything that has to end before a phase may start on a host, however far back: `phase host`. */
function before(phase: string, host: string): ReadonlySet<string> {
  const nodes = graph();
  const seen = new Set<string>();
  const visit = (name: string, place: string): void => {
    const node = nodes.find((one) => one.phase === name && one.host === place);
    for (const needed of [...(node?.after ?? []), ...(node?.waitsFor.flat() ?? [])]) {
      const key = `${needed.phase} ${needed.host}`;
      if (seen.has(key)) continue;
      seen.add(key);
      visit(needed.phase, needed.host);
    }
  };
  visit(phase, host);
  return seen;
}

describe('the phases of a cluster', () => {
  test('a new etcd starts when every control plane has its images: a member alone has no quorum and answers nobody', () => {
    expect(before('control-plane', 'cp1')).toContain('control-plane-images cp2');
  });

  test('the pod network comes when every node has its images, and does not wait for that of the proof', () => {
    expect(before('pod-network', 'cp1')).toContain('images w1');
    expect(before('pod-network', 'cp1')).not.toContain('proof-images w1');
    expect(before('workers', 'w1')).not.toContain('proof-images w1');
  });

  test('the proof waits for its image on every node', () => {
    expect([...before('proof', 'cp1')]).toEqual(expect.arrayContaining(['proof-images cp1', 'proof-images w1', 'workers w1', 'nodes w1']));
  });
});
