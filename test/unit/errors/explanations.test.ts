import { expect, test } from 'vitest';
import { ERROR_KINDS, EXPLANATIONS, joinKbsErrors, KbsError, KbsErrors, listKbsErrors, type ErrorCode } from '../../../src/errors/index.js';

const codes = Object.keys(ERROR_KINDS) as ErrorCode[];

test.each(codes)('%s is explained: meaning, causes, actions', (code) => {
  const { meaning, causes, actions } = EXPLANATIONS[code];
  expect(meaning.length).toBeGreaterThan(40);
  expect(causes.length).toBeGreaterThan(0);
  expect(actions.length).toBeGreaterThan(0);
  for (const line of [...causes, ...actions]) expect(line).not.toMatch(/\.$/);
});

test('nothing is explained that does not exist', () => {
  expect(Object.keys(EXPLANATIONS).toSorted()).toEqual(codes.toSorted());
});

test('several errors are told apart, each with its place filled in where it was unknown', () => {
  const thrown = new KbsErrors([new KbsError('FILE_READ', 'a', { where: { host: 'x' } }), new KbsError('FILE_WRITE', 'b')]);
  expect(listKbsErrors(thrown, { host: 'y', phase: 'p' }).map((error) => error.where)).toEqual([
    { host: 'x', phase: 'p' },
    { host: 'y', phase: 'p' },
  ]);
});

test('a single error stays itself, several become one', () => {
  const one = new KbsError('FILE_READ', 'a');
  expect(joinKbsErrors([one])).toBe(one);
  expect(joinKbsErrors([one, new KbsError('SSH_AUTH', 'b')])).toMatchObject({ exit: 6, message: 'a; b' });
});
