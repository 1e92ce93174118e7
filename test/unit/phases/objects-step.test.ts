import { describe, expect, test } from 'vitest';
import type { KubeObject } from '../../../src/kube/index.js';
import { objectsStep, type ObjectsStepOptions } from '../../../src/phases/objects-step.js';
import { memoryHost, stepContext } from '../../support/memory-host.js';
import { memoryKube, type MemoryKube } from '../../support/memory-kube.js';

const object = (kind: string, name: string, more: object = {}): KubeObject => ({
  apiVersion: 'v1',
  kind,
  metadata: { name, ...(kind === 'Namespace' ? {} : { namespace: 'ns' }) },
  ...more,
});
const OBJECTS = [
  object('DaemonSet', 'd'),
  object('ConfigMap', 'c', { data: { a: 'b' } }),
  object('ServiceAccount', 's'),
  object('Namespace', 'ns'),
];

function prepare(kube: MemoryKube, more: Partial<ObjectsStepOptions> = {}) {
  const step = objectsStep({ id: 'test/objects', title: 'test', kube, objects: () => OBJECTS, ...more });
  return step.prepare(memoryHost(), stepContext());
}

describe('a step of cluster objects', () => {
  test('plans to make everything when there is no API yet', async () => {
    const kube = memoryKube();
    kube.isUp = false;
    const { plan } = await prepare(kube);
    expect(plan).toMatchObject({
      change: 'create',
      summary: 'create DaemonSet ns/d, ConfigMap ns/c, ServiceAccount ns/s, Namespace ns',
    });
    expect('diff' in plan ? plan.diff : '').toContain('+++ ConfigMap ns/c');
  });

  test('does not pretend to know what is in a cluster whose API does not answer', async () => {
    const kube = Object.assign(memoryKube(), { isMade: () => Promise.resolve(true) });
    kube.isUp = false;
    const { plan } = await prepare(kube);
    expect(plan).toEqual({
      change: 'unknown',
      summary: 'unknown until the API answers: DaemonSet ns/d, ConfigMap ns/c, ServiceAccount ns/s, Namespace ns',
    });
  });

  test('makes namespaces first, then what workloads need, then workloads', async () => {
    const kube = memoryKube();
    await (await prepare(kube)).apply();
    expect(kube.changes).toEqual(['apply Namespace ns', 'apply ConfigMap ns/c', 'apply ServiceAccount ns/s', 'apply DaemonSet ns/d']);
  });

  test('touches only what differs', async () => {
    const kube = memoryKube();
    kube.put(...OBJECTS, object('ConfigMap', 'c', { data: { a: 'other' } }));
    const prepared = await prepare(kube);
    expect(prepared.plan).toMatchObject({ change: 'update', summary: 'change ConfigMap ns/c' });
    await prepared.apply();
    expect(kube.changes).toEqual(['apply ConfigMap ns/c']);
    expect((await prepare(kube)).plan).toEqual({ change: 'none' });
  });

  test('waits for what has to come before only when there is something to change', async () => {
    const kube = memoryKube();
    const waits: number[] = [];
    const before = async (): Promise<void> => void waits.push(kube.changes.length);
    await (await prepare(kube, { before })).apply();
    expect(waits).toEqual([0]);
  });

  test('fails when what was applied is not what is there', async () => {
    const kube = memoryKube();
    kube.onChange = () => kube.put(object('ConfigMap', 'c', { data: { a: 'meddled' } }));
    await expect((await prepare(kube)).apply()).rejects.toMatchObject({ code: 'VERIFY_FAILED' });
  });
});
