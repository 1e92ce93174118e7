import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { doneUnless, waitFor, type Glimpse } from '../../../src/engine/index.js';

const signal = new AbortController().signal;

test('the value comes with the look that finds it', async () => {
  let looks = 0;
  const probe = async (): Promise<Glimpse<number>> => ((looks += 1) === 3 ? { done: true, value: 42 } : { done: false, seen: 'not yet' });
  expect(await waitFor({ what: 'the answer', everyMs: 1, forMs: 1_000, signal, probe })).toBe(42);
  expect(looks).toBe(3);
});

test('the first look is at once', async () => {
  const startedMs = performance.now();
  await waitFor({ what: 'it', forMs: 5_000, signal, probe: async () => ({ done: true, value: undefined }) });
  expect(performance.now() - startedMs).toBeLessThan(4_000);
});

test('the error says how long, for what, and what was seen last', async () => {
  const wait = waitFor({
    what: 'etcd to have a leader',
    everyMs: 5,
    forMs: 50,
    signal,
    probe: async () => ({ done: false, seen: '1 of 3 members' }),
    remedy: ['crictl ps'],
  });
  await expect(wait).rejects.toMatchObject({
    code: 'WAIT_TIMEOUT',
    message: 'waited 0.05 s for etcd to have a leader; seen last: 1 of 3 members',
    remedy: ['crictl ps'],
  });
});

test('evidence is gathered once the time is over, and stands behind what was seen last', async () => {
  let asked = 0;
  const evidence = async (): Promise<readonly string[]> => [`etcd: exit code ${(asked += 1)}`];
  await waitFor({ what: 'it', forMs: 50, signal, evidence, probe: async () => doneUnless(undefined) });
  expect(asked).toBe(0);
  const vain = waitFor({ what: 'it', everyMs: 5, forMs: 20, signal, evidence, probe: async () => doneUnless('a hole') });
  await expect(vain).rejects.toMatchObject({ code: 'WAIT_TIMEOUT', details: ['seen last: a hole', 'etcd: exit code 1'] });
});

test('evidence nobody can give hides nothing', async () => {
  const evidence = (): Promise<readonly string[]> => Promise.reject(new Error('the connection is gone'));
  const vain = waitFor({ what: 'it', everyMs: 5, forMs: 20, signal, evidence, probe: async () => doneUnless('a hole') });
  await expect(vain).rejects.toMatchObject({
    message: 'waited 0.02 s for it; seen last: a hole',
    details: ['seen last: a hole', 'no more to be told: the connection is gone'],
  });
});

test('a look that hangs does not make the wait longer', async () => {
  const startedMs = performance.now();
  const wait = waitFor({ what: 'it', forMs: 50, signal, probe: () => new Promise<Glimpse<void>>(() => undefined) });
  await expect(wait).rejects.toMatchObject({ code: 'WAIT_TIMEOUT' });
  expect(performance.now() - startedMs).toBeLessThan(1_000);
});

test('an error of the look ends the wait', async () => {
  const probe = async (): Promise<Glimpse<void>> => {
    throw new TypeError('bug');
  };
  await expect(waitFor({ what: 'it', forMs: 5_000, signal, probe })).rejects.toBeInstanceOf(TypeError);
});

test('cancelling ends the pause at once', async () => {
  const controller = new AbortController();
  const wait = waitFor({ what: 'it', forMs: 60_000, signal: controller.signal, probe: async () => ({ done: false, seen: 'nothing new' }) });
  const ended = wait.catch((error: unknown) => error);
  await sleep(10);
  controller.abort();
  // No timer gets its turn before.
  const first = await Promise.race([ended, new Promise((resolve) => setImmediate(() => setImmediate(resolve, 'still pausing')))]);
  expect(first).toMatchObject({ code: 'CANCELLED' });
});

test('nothing is looked at more seldom than every 200 ms', async () => {
  let looks = 0;
  const probe = async (): Promise<Glimpse<void>> => ({ done: false, seen: String((looks += 1)) });
  await expect(waitFor({ what: 'it', everyMs: 10_000, forMs: 500, signal, probe })).rejects.toMatchObject({ code: 'WAIT_TIMEOUT' });
  expect(looks).toBeGreaterThanOrEqual(2);
});
