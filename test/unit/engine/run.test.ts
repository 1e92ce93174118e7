import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { KbsError, KbsErrors, listKbsErrors } from '../../../src/errors/index.js';
import type { Host } from '../../../src/host/index.js';
import { aHost, aPhase, aStep, runPhases, started } from './engine-fixture.js';

const never = (): Promise<void> => new Promise(() => undefined);

describe('order', () => {
  test('a host goes on with its next phase while another is still in the one before', async () => {
    const log: string[] = [];
    const slowOnA = aStep('one', { apply: async (host) => (host.name === 'a' ? sleep(30) : undefined) });
    const note = aStep('two', { apply: async (host) => void log.push(host.name) });
    await runPhases([aPhase('first', [slowOnA]), aPhase('second', [note])]);
    expect(log).toEqual(['b', 'a']);
  });

  test('a phase that waits for another starts nowhere before that one is done everywhere', async () => {
    const slowOnA = aStep('one', { apply: async (host) => (host.name === 'a' ? sleep(30) : undefined) });
    const { events } = await runPhases([aPhase('first', [slowOnA]), aPhase('second', [aStep('two')], { waitsFor: ['first'] })]);
    const lines = events.flatMap((event) =>
      event.type === 'host.start' || event.type === 'host.end' ? [`${event.type} ${event.phase} ${event.host}`] : [],
    );
    expect(lines.indexOf('host.end first a')).toBeLessThan(lines.indexOf('host.start second b'));
  });

  test('two phases with the same predecessor run side by side on one host', async () => {
    let arrived = 0;
    const meet = aStep('meet', {
      apply: async () => {
        arrived += 1;
        while (arrived < 2) await sleep(1);
      },
    });
    const { error } = await runPhases(
      [aPhase('base', [aStep('x')]), aPhase('left', [meet], { after: ['base'] }), aPhase('right', [meet], { after: ['base'] })],
      { hosts: [aHost('a')] },
    );
    expect(error).toBeUndefined();
  });

  test('a cluster phase runs once and does not hold up the host it works through', async () => {
    const order: string[] = [];
    const slow = aStep('objects', { apply: async () => void (await sleep(30), order.push('cluster')) });
    const { events } = await runPhases([
      aPhase('base', [aStep('x')]),
      aPhase('objects', [slow], { on: 'cluster', waitsFor: ['base'] }),
      aPhase('more', [aStep('y', { apply: async (host) => void order.push(host.name) })]),
    ]);
    expect(order).toEqual(['a', 'b', 'cluster']);
    expect(started(events).filter((task) => task.startsWith('objects'))).toEqual(['objects@a']);
  });

  test('no more hosts than atOnce are in a phase at the same time', async () => {
    let inside = 0;
    let most = 0;
    const count = aStep('count', {
      apply: async () => {
        most = Math.max(most, (inside += 1));
        await sleep(5);
        inside -= 1;
      },
    });
    const hosts = ['a', 'b', 'c', 'd', 'e'].map((name) => aHost(name));
    await runPhases([aPhase('members', [count], { atOnce: 2 })], { hosts });
    expect(most).toBe(2);
  });

  test('a start names what it had to wait for: own phase, slowest host of a barrier, the host that made room', async () => {
    const slowOnA = aStep('one', { apply: async (host) => (host.name === 'a' ? sleep(20) : undefined) });
    const { events } = await runPhases([
      aPhase('first', [slowOnA]),
      aPhase('second', [aStep('two', { apply: async () => sleep(5) })], { waitsFor: ['first'], atOnce: 1 }),
    ]);
    const after = events.flatMap((event) => (event.type === 'host.start' && event.phase === 'second' ? [event.after] : []));
    expect(after).toEqual([
      [{ phase: 'first', host: 'a' }],
      [
        { phase: 'first', host: 'b' },
        { phase: 'first', host: 'a' },
        { phase: 'second', host: 'a' },
      ],
    ]);
  });

  test('a skipped phase gives its reason, runs nothing, and what comes after it starts', async () => {
    const { events, result } = await runPhases([
      aPhase('first', [aStep('one')]),
      aPhase('network', [aStep('cni')], { skip: () => 'cni.type is none' }),
      aPhase('last', [aStep('two')]),
    ]);
    expect(started(events)).toEqual(['first@a', 'first@b', 'last@a', 'last@b']);
    expect(events).toContainEqual(expect.objectContaining({ type: 'phase.end', phase: 'network', skipped: 'cni.type is none' }));
    const last = events.find((event) => event.type === 'host.start' && event.phase === 'last' && event.host === 'b');
    expect(last).toMatchObject({ after: [{ phase: 'first', host: 'b' }] });
    expect(result?.changes.map((change) => change.step)).toEqual(['one', 'two', 'one', 'two']);
  });
});

describe('plan and apply', () => {
  test('a step without a change is not applied', async () => {
    const applied: string[] = [];
    const { result, events } = await runPhases(
      [
        aPhase('p', [
          aStep('same', { change: 'none', apply: async () => void applied.push('same') }),
          aStep('other', { apply: async () => void applied.push('other') }),
        ]),
      ],
      { hosts: [aHost('a')] },
    );
    expect(applied).toEqual(['other']);
    expect(result).toMatchObject({ unchanged: 1, changes: [{ phase: 'p', host: 'a', step: 'other' }] });
    expect(events.filter((event) => event.type === 'step.end').map((event) => event.status)).toEqual(['unchanged', 'changed']);
  });

  test('a plan applies nothing and lists every change', async () => {
    const applied: string[] = [];
    const { result, events } = await runPhases([aPhase('p', [aStep('one', { apply: async () => void applied.push('one') })])], {
      mode: 'plan',
    });
    expect(applied).toEqual([]);
    expect(result?.changes).toHaveLength(2);
    expect(events.filter((event) => event.type === 'step.end').map((event) => event.status)).toEqual(['planned', 'planned']);
  });

  test('a plan goes on with the other hosts when one cannot be read', async () => {
    const broken = aStep('read', {
      prepare: async (host) => {
        if (host.name === 'a') throw new KbsError('FILE_READ', 'input/output error');
      },
    });
    const { events, error } = await runPhases([aPhase('first', [broken]), aPhase('second', [aStep('two')])], { mode: 'plan' });
    expect(started(events)).toEqual(['first@a', 'first@b', 'second@b']);
    expect(error).toMatchObject({ code: 'FILE_READ', where: { host: 'a', phase: 'first', step: 'read' } });
  });
});

describe('failures', () => {
  test('the first failure lets the others finish their step and starts nothing more', async () => {
    const log: string[] = [];
    const first = aStep('first', {
      apply: async (host) => {
        if (host.name === 'a') throw new KbsError('FILE_WRITE', 'no space left on device');
        await sleep(20);
        log.push('b finished its step');
      },
    });
    const second = aStep('second', { apply: async (host) => void log.push(`${host.name} second`) });
    const { error, events } = await runPhases([aPhase('p', [first, second]), aPhase('q', [aStep('third')])]);
    expect(log).toEqual(['b finished its step']);
    expect(error).toMatchObject({ code: 'FILE_WRITE', where: { host: 'a', phase: 'p', step: 'first' } });
    expect(started(events)).toEqual(['p@a', 'p@b']);
    expect(events.filter((event) => event.type === 'host.end')).toMatchObject([
      { host: 'a', status: 'failed' },
      { host: 'b', status: 'cancelled' },
    ]);
    expect(events.at(-1)).toMatchObject({ type: 'run.end', status: 'failed' });
  });

  test('two hosts failing in the same moment are both reported', async () => {
    const fail = aStep('fail', {
      apply: async (host) => {
        throw new KbsError('REMOTE_COMMAND', `exit 1 on ${host.name}`);
      },
    });
    const { error } = await runPhases([aPhase('p', [fail])]);
    expect(error).toBeInstanceOf(KbsErrors);
    expect(error).toMatchObject({ errors: [{ where: { host: 'a' } }, { where: { host: 'b' } }] });
  });

  test('a phase that collects errors looks at every host and every check, and nothing after it starts', async () => {
    const check = (id: string, badHost: string) =>
      aStep(id, {
        prepare: async (host) => {
          if (host.name === badHost) throw new KbsError('PREFLIGHT_FAILED', `${id} on ${host.name}`);
        },
      });
    const { error, events } = await runPhases([
      aPhase('preflight', [check('Swap', 'a'), check('Ports', 'a'), check('Memory', 'b')], { collectsErrors: true }),
      aPhase('change', [aStep('write')]),
    ]);
    const messages = error instanceof KbsErrors ? error.errors.map((part) => part.message) : [];
    expect(messages.toSorted()).toEqual(['Memory on b', 'Ports on a', 'Swap on a']);
    expect(started(events)).toEqual(['preflight@a', 'preflight@b']);
  });

  test('a host that cannot be reached is not asked further, and the reachable ones are still checked', async () => {
    const connect = aStep('connect', {
      tries: 1,
      prepare: async (host) => {
        if (host.name === 'a') throw new KbsError('SSH_UNREACHABLE', 'no route');
      },
    });
    const { error, events } = await runPhases([
      aPhase('connect', [connect, aStep('facts')], { collectsErrors: true }),
      aPhase('preflight', [aStep('check')], { collectsErrors: true }),
      aPhase('change', [aStep('write')]),
    ]);
    expect(started(events)).toEqual(['connect@a', 'connect@b', 'preflight@b']);
    expect(events.filter((event) => event.type === 'step.start' && event.host === 'a')).toHaveLength(1);
    expect(error).toMatchObject({ code: 'SSH_UNREACHABLE', where: { host: 'a' } });
  });

  test('errors are told in the order of the hosts, whichever failed first', async () => {
    const late = (host: Host): number => (host.name === 'a' ? 20 : 0);
    const fail = aStep('check', {
      prepare: async (host) => {
        await new Promise((resolve) => setTimeout(resolve, late(host)));
        throw new KbsError('PREFLIGHT_FAILED', `bad ${host.name}`);
      },
    });
    const { error } = await runPhases([aPhase('preflight', [fail], { collectsErrors: true })]);
    expect(listKbsErrors(error).map(({ message }) => message)).toEqual(['bad a', 'bad b']);
  });

  test('several errors of one step all arrive, each with its place', async () => {
    const both = aStep('both', {
      prepare: async () => {
        throw new KbsErrors([
          new KbsError('PREFLIGHT_FAILED', 'one'),
          new KbsError('PREFLIGHT_FAILED', 'two', { where: { step: 'Swap' } }),
        ]);
      },
    });
    const { error } = await runPhases([aPhase('p', [both])], { hosts: [aHost('a')] });
    expect(error).toMatchObject({
      errors: [
        { message: 'one', where: { host: 'a', phase: 'p', step: 'both' } },
        { message: 'two', where: { host: 'a', phase: 'p', step: 'Swap' } },
      ],
    });
  });

  test('a phase that cannot list its steps fails on its host', async () => {
    const { error, events } = await runPhases(
      [
        aPhase('p', () => {
          throw new KbsError('STEP_MISSING', 'run phase pki first');
        }),
      ],
      { hosts: [aHost('a')] },
    );
    expect(error).toMatchObject({ code: 'STEP_MISSING', where: { host: 'a', phase: 'p' } });
    expect(events.find((event) => event.type === 'host.end')).toMatchObject({ status: 'failed' });
  });

  test('an unknown error becomes INTERNAL and keeps its cause', async () => {
    const bug = aStep('bug', {
      apply: async () => {
        throw new TypeError('x is undefined');
      },
    });
    const { error } = await runPhases([aPhase('p', [bug])], { hosts: [aHost('a')] });
    expect(error).toMatchObject({
      code: 'INTERNAL',
      where: { host: 'a', phase: 'p', step: 'bug' },
      cause: expect.any(TypeError) as unknown,
    });
  });

  test('a step that does not end in time is named, and its signal fires', async () => {
    let fired = false;
    const hang = aStep('hang', {
      timeoutMs: 20,
      apply: async (_host, context) => {
        context.signal.addEventListener('abort', () => (fired = true));
        await never();
      },
    });
    const { error } = await runPhases([aPhase('p', [hang])], { hosts: [aHost('a')] });
    expect(error).toMatchObject({ code: 'TIMEOUT', where: { host: 'a', phase: 'p', step: 'hang' } });
    expect(fired).toBe(true);
  });
});

describe('retry', () => {
  test('a read that lost its connection is tried again and the pause is told', async () => {
    let tries = 0;
    const flaky = aStep('flaky', {
      prepare: async () => {
        if ((tries += 1) < 2) throw new KbsError('SSH_LOST', 'connection reset');
      },
    });
    const { error, events } = await runPhases([aPhase('p', [flaky])], { hosts: [aHost('a')] });
    expect(error).toBeUndefined();
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'step.retry', step: 'flaky', attempt: 2, delayMs: 500, code: 'SSH_LOST' }),
    );
  });

  test('a change that lost its connection half-way is not repeated', async () => {
    let applied = 0;
    const change = aStep('change', {
      apply: async () => {
        applied += 1;
        throw new KbsError('SSH_LOST', 'connection reset');
      },
    });
    const { error } = await runPhases([aPhase('p', [change])], { hosts: [aHost('a')] });
    expect(applied).toBe(1);
    expect(error).toMatchObject({ code: 'SSH_LOST' });
  });

  test('a refused login is not tried again', async () => {
    let tries = 0;
    const login = aStep('login', {
      prepare: async () => {
        tries += 1;
        throw new KbsError('SSH_AUTH', 'permission denied');
      },
    });
    await runPhases([aPhase('p', [login])], { hosts: [aHost('a')] });
    expect(tries).toBe(1);
  });

  test('it gives up after the tries a step asks for', async () => {
    let tries = 0;
    const away = aStep('away', {
      tries: 1,
      prepare: async () => {
        tries += 1;
        throw new KbsError('SSH_UNREACHABLE', 'no route');
      },
    });
    await runPhases([aPhase('p', [away])], { hosts: [aHost('a')] });
    expect(tries).toBe(1);
  });
});

describe('cancelling', () => {
  test('the running step may finish, nothing new starts, and the run ends as cancelled', async () => {
    const controller = new AbortController();
    const log: string[] = [];
    const first = aStep('first', {
      apply: async () => {
        controller.abort();
        await sleep(5);
        log.push('first finished');
      },
    });
    const { error, events } = await runPhases([aPhase('p', [first, aStep('second', { apply: async () => void log.push('second') })])], {
      hosts: [aHost('a')],
      signal: controller.signal,
    });
    expect(log).toEqual(['first finished']);
    expect(error).toMatchObject({ code: 'CANCELLED' });
    expect(events.at(-1)).toMatchObject({ type: 'run.end', status: 'cancelled' });
    expect(events.at(-2)).toMatchObject({ type: 'phase.end', phase: 'p', status: 'cancelled' });
  });

  test('a step that gives up because it was told to is cancelled, not failed', async () => {
    const controller = new AbortController();
    const wait = aStep('wait', {
      apply: (_host, context) =>
        new Promise((_resolve, reject) => {
          context.signal.addEventListener('abort', () => reject(new KbsError('CANCELLED', 'cancelled while waiting')));
          controller.abort();
        }),
    });
    const { error, events } = await runPhases([aPhase('p', [wait])], { hosts: [aHost('a')], signal: controller.signal });
    expect(events.find((event) => event.type === 'step.end')).toMatchObject({ status: 'cancelled' });
    expect(error).toMatchObject({ code: 'CANCELLED' });
  });

  test('a run that is cancelled before it starts does nothing', async () => {
    const { events, error } = await runPhases([aPhase('p', [aStep('one')])], { signal: AbortSignal.abort() });
    expect(started(events)).toEqual([]);
    expect(error).toMatchObject({ code: 'CANCELLED' });
  });
});
