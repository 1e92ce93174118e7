import { describe, expect, test } from 'vitest';
import type { KubeObject } from '../../../../src/kube/index.js';
import { appliedCustomObjects, customNetworkSteps, rolloutProblem, unlessAmong } from '../../../../src/phases/pod-network/custom.js';
import { memoryHost, stepContext } from '../../../support/memory-host.js';
import { memoryKube, type MemoryKube } from '../../../support/memory-kube.js';

const NAMESPACE: KubeObject = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'net' } };
const AGENT: KubeObject = { apiVersion: 'apps/v1', kind: 'DaemonSet', metadata: { name: 'agent', namespace: 'net' } };

async function deploy(kube: MemoryKube, objects: readonly KubeObject[]): Promise<readonly string[]> {
  const changed: string[] = [];
  for (const step of customNetworkSteps(kube, objects)) {
    const prepared = await step.prepare(memoryHost(), stepContext());
    if (prepared.plan.change === 'none') continue;
    changed.push(step.id);
    await prepared.apply();
  }
  return changed;
}

describe('a pod network of the user’s own', () => {
  test('is noted before it is applied, and applied once', async () => {
    const kube = memoryKube();
    expect(await deploy(kube, [NAMESPACE, AGENT])).toEqual(['custom-network/note', 'custom-network/objects']);
    expect(kube.changes).toEqual(['apply ConfigMap kube-system/kbs-pod-network', 'apply Namespace net', 'apply DaemonSet net/agent']);
    expect(await deploy(kube, [NAMESPACE, AGENT])).toEqual([]);
  });

  test('is found again by what was noted when it has left the files', async () => {
    const kube = memoryKube();
    await deploy(kube, [NAMESPACE, AGENT]);
    await deploy(kube, [NAMESPACE]);
    const applied = await appliedCustomObjects(kube.api);
    expect(unlessAmong(applied, [NAMESPACE])).toEqual([{ apiVersion: 'apps/v1', kind: 'DaemonSet', namespace: 'net', name: 'agent' }]);
    expect(unlessAmong(applied, [NAMESPACE, AGENT])).toEqual([]);
  });
});

describe('a DaemonSet', () => {
  const withStatus = (status: object): KubeObject => ({ ...AGENT, metadata: { ...AGENT.metadata, generation: 2 }, status });
  const whole = { observedGeneration: 2, desiredNumberScheduled: 3, updatedNumberScheduled: 3, numberReady: 3 };

  test('runs everywhere when every new pod is ready', () => {
    expect(rolloutProblem(withStatus(whole))).toBeUndefined();
    expect(rolloutProblem(withStatus({ observedGeneration: 2 }))).toBeUndefined();
  });

  test.each([
    [{ ...whole, observedGeneration: 1 }, 'was not looked at by its controller yet'],
    [{ ...whole, numberReady: 2 }, 'runs on 2 of 3 nodes'],
    [{ ...whole, updatedNumberScheduled: 1 }, 'runs on 1 of 3 nodes'],
  ])('with status %j is not there yet', (status, problem) => {
    expect(rolloutProblem(withStatus(status))).toBe(problem);
    expect(rolloutProblem(undefined)).toBe('is gone');
  });
});
