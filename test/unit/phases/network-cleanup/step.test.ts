import { describe, expect, test } from 'vitest';
import type { KubeObject } from '../../../../src/kube/index.js';
import { networkCleanupStep } from '../../../../src/phases/network-cleanup/step.js';
import { aClusterSpec } from '../../../support/cluster-spec.js';
import { memoryHost, stepContext } from '../../../support/memory-host.js';
import { memoryKube, type MemoryKube } from '../../../support/memory-kube.js';

const READY = { conditions: [{ type: 'Ready', status: 'True' }] };

function pod(name: string, more: Partial<KubeObject['metadata']> = {}, spec: object = {}): KubeObject {
  const ownerReferences = [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'coredns', uid: 'r', controller: true }];
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'kube-system', uid: `uid-${name}`, ownerReferences, ...more },
    spec: { nodeName: 'w1', ...spec },
    status: READY,
  };
}

/** A cluster whose flannel is there; somebody makes every pod anew that is deleted. */
function cluster(): MemoryKube {
  const kube = memoryKube();
  const flannel = { name: 'kube-flannel-ds', namespace: 'kube-flannel', generation: 1 };
  kube.put({
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: flannel,
    status: { observedGeneration: 1, desiredNumberScheduled: 1, updatedNumberScheduled: 1 },
  });
  kube.put(pod('kube-flannel-ds-1', { namespace: 'kube-flannel', labels: { app: 'flannel' } }, { hostNetwork: true }));
  kube.put({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'w1', annotations: { 'flannel.alpha.coreos.com/backend-type': 'vxlan' } } });
  kube.put(pod('coredns-0'));
  let made = 0;
  kube.onChange = (change) => {
    if (change.startsWith('delete Pod ')) kube.put(pod(`coredns-${(made += 1)}`));
  };
  return kube;
}

describe('a node that comes to another pod network', () => {
  /** @param ports what hangs on the former bridge at each look at it, the last one stays */
  async function moved(ports: readonly (readonly string[])[]): Promise<{ readonly deleted: readonly string[]; readonly swept: string }> {
    const kube = cluster();
    let looks = 0;
    let swept = '';
    const host = memoryHost({
      answers: [
        [
          /./,
          (text) => {
            const sweep = /^set -- .*$/m.exec(text)?.[0];
            if (sweep !== undefined) swept = sweep.replaceAll("'", '');
            if (!text.includes('SUBNET=') || sweep !== undefined || swept.includes('bridge')) return '';
            const now = ports[Math.min(looks++, ports.length - 1)] ?? [];
            return [...now.map((port) => `port ${port}\n`), 'bridge kube-bridge\n'].join('');
          },
        ],
      ],
    });
    await (await networkCleanupStep({ spec: aClusterSpec(), kube }).prepare(host, stepContext())).apply();
    return { deleted: kube.changes.filter((change) => change.startsWith('delete ')), swept };
  }

  test('ends its pods once, however long the kernel holds a port after its pod', async () => {
    const { deleted, swept } = await moved([['veth0']]);
    expect(deleted).toEqual(['delete Pod kube-system/coredns-0']);
    expect(swept).toBe('set -- port veth0 bridge kube-bridge');
  });

  test('ends pods, too, that came to the former bridge meanwhile', async () => {
    // Looks: the plan, before anything, before pods move, then one with each try.
    const { deleted, swept } = await moved([['veth0'], ['veth0'], ['veth0'], ['veth0', 'veth1'], ['veth0', 'veth1'], ['veth0']]);
    expect(deleted.length).toBeGreaterThan(1);
    expect(swept).toBe('set -- port veth0 bridge kube-bridge');
  });
});
