import { describe, expect, test } from 'vitest';
import type { AnyStep } from '../../../../src/engine/index.js';
import { withHeadStart } from '../../../../src/phases/control-plane/index.js';
import { memoryHost, stepContext } from '../../../support/memory-host.js';

const FLAGS = { initialCluster: 'cp1=https://10.0.0.1:2380,cp10=https://10.0.0.10:2380,cp2=https://10.0.0.2:2380' };

/** Starts members at once, in this order. @returns the order in which they really began */
async function startAll(names: readonly string[], kind: 'together' | 'stays', signal?: AbortSignal): Promise<readonly string[]> {
  const begun: string[] = [];
  await Promise.all(
    names.map(async (name) => {
      const step: AnyStep = {
        id: 'etcd/start',
        title: 'Start etcd',
        timeoutMs: 1_000,
        prepare: async () => ({ plan: { change: 'create', summary: name }, apply: async () => void begun.push(name) }),
      };
      const context = { ...stepContext(), ...(signal === undefined ? {} : { signal }) };
      const prepared = await withHeadStart(step, { name }, { kind, flags: FLAGS }).prepare(memoryHost(), context);
      expect(prepared.plan).toEqual({ change: 'create', summary: name });
      await prepared.apply();
    }),
  );
  return begun;
}

describe('members of etcd that start', () => {
  test('together: the one that is named first begins before all others', async () => {
    const begun = await startAll(['cp2', 'cp10', 'cp1'], 'together');
    expect(begun[0]).toBe('cp1');
    expect([...begun].sort()).toEqual(['cp1', 'cp10', 'cp2']);
  });

  test('again wait for nobody', async () => {
    expect(await startAll(['cp2', 'cp10', 'cp1'], 'stays')).toEqual(['cp2', 'cp10', 'cp1']);
  });

  test('do not start any more when the run is cancelled meanwhile', async () => {
    const over = new AbortController();
    const started = startAll(['cp2'], 'together', over.signal);
    over.abort();
    await expect(started).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});
