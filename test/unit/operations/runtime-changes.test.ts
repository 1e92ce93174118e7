import { describe, expect, test } from 'vitest';
import type { Change } from '../../../src/engine/index.js';
import { KbsError } from '../../../src/errors/index.js';
import { besideChanges, eachInTurn } from '../../../src/operations/runtime-changes.js';
import type { RuntimeChange } from '../../../src/phases/index.js';
import { CLUSTER_PHASES } from '../../../src/operations/cluster-phases.js';
import { runtimeOfType } from '../../../src/phases/container-runtime/index.js';
import { memoryHost } from '../../support/memory-host.js';

function changeOf(name: string): RuntimeChange {
  const [from, to] = [
    runtimeOfType({ containerRuntime: { type: 'containerd', cgroupDriver: 'systemd' } }, 'docker'),
    runtimeOfType({ containerRuntime: { type: 'containerd', cgroupDriver: 'systemd' } }, 'containerd'),
  ];
  return { host: memoryHost({ name, roles: ['worker'] }), from: [from], to, stage: 'drain', mark: undefined };
}

const CHANGES = ['w1', 'w2', 'w3'].map(changeOf);

function done(host: string): Change {
  return { phase: 'leave-runtime', host, step: 'reset/pods', plan: { change: 'remove', summary: 'end pods' } };
}

describe('runtimes that change', () => {
  test('do so one host after the other', async () => {
    const places: string[] = [];
    let running = 0;
    const changes = await eachInTurn(CHANGES, async ({ host }, place) => {
      running += 1;
      expect(running).toBe(1);
      places.push(`${host.name} ${place}`);
      await Promise.resolve();
      running -= 1;
      return [done(host.name)];
    });
    expect(places).toEqual(['w1 host 1 of 3', 'w2 host 2 of 3', 'w3 host 3 of 3']);
    expect(changes.map(({ host }) => host)).toEqual(['w1', 'w2', 'w3']);
  });

  test('stop at the first host that is not well, and say which one and what to do', async () => {
    const touched: string[] = [];
    const cause = new KbsError('WAIT_TIMEOUT', 'node w2 is not Ready', {
      where: { phase: 'node-works' },
      details: ['kubelet: no sandbox'],
    });
    const work = eachInTurn(CHANGES, async ({ host: { name } }) => {
      touched.push(name);
      if (name === 'w2') throw cause;
      return Promise.resolve([done(name)]);
    });
    await expect(work).rejects.toMatchObject({
      code: 'RUNTIME_CHANGE_STOPPED',
      where: { host: 'w2', phase: 'node-works' },
      details: ['w2 stays cordoned', 'not touched, they have their former runtime: w3', 'kubelet: no sandbox'],
      remedy: [expect.stringContaining('goes on with w2')],
      cause,
    });
    expect(touched).toEqual(['w1', 'w2']);
  });

  test('say in their own words that pods do not leave', async () => {
    const blocked = new KbsError('DRAIN_BLOCKED', '1 pods have not left w1');
    await expect(eachInTurn(CHANGES, () => Promise.reject(blocked))).rejects.toBe(blocked);
  });

  test('are told once in a plan: what they do on their host is left out of the other phases', () => {
    const [changing] = CHANGES;
    const phases = besideChanges(CLUSTER_PHASES, changing === undefined ? [] : [changing]);
    const worker = (name: string) => memoryHost({ name, roles: ['worker'] });
    const runsOn = (name: string, host: string): boolean => {
      const on = phases.find((phase) => phase.name === name)?.on;
      return typeof on === 'function' ? on(worker(host)) : on === 'all';
    };
    for (const name of ['container-runtime', 'images', 'kubelet', 'workers', 'nodes']) {
      expect([name, runsOn(name, 'w1'), runsOn(name, 'w2')]).toEqual([name, false, true]);
    }
    expect(runsOn('prepare-host', 'w1')).toBe(true);
  });
});
