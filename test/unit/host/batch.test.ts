import { expect, test } from 'vitest';
import { Batch } from '../../../src/host/batch.js';

function counted() {
  const calls: (readonly number[])[] = [];
  const batch = new Batch<number, number>((requests) => {
    calls.push(requests);
    return requests.map((request) => (request < 0 ? Promise.reject(new Error(`${request}`)) : Promise.resolve(request * 2)));
  });
  return { batch, calls };
}

test('what is asked for in one turn is done together, and each gets its own answer', async () => {
  const { batch, calls } = counted();
  const [one, refused, two] = await Promise.allSettled([batch.ask(1), batch.ask(-1), Promise.resolve(2).then((two) => batch.ask(two))]);
  expect(calls).toEqual([[1, -1, 2]]);
  expect([one, two]).toMatchObject([{ value: 2 }, { value: 4 }]);
  expect(refused).toMatchObject({ status: 'rejected', reason: { message: '-1' } });
});

test('what comes later goes by itself', async () => {
  const { batch, calls } = counted();
  expect(await batch.ask(1)).toBe(2);
  expect(await batch.ask(2)).toBe(4);
  expect(calls).toEqual([[1], [2]]);
});

test('very many go in several parts', async () => {
  const { batch, calls } = counted();
  const numbers = Array.from({ length: 130 }, (_, index) => index);
  expect(await Promise.all(numbers.map((number) => batch.ask(number)))).toEqual(numbers.map((number) => number * 2));
  expect(calls.map(({ length }) => length)).toEqual([64, 64, 2]);
});
