import { expect, test } from 'vitest';
import { jsonFields, tryParseJson } from '../../../src/json/index.js';

test('a text that is no JSON is told from every value', () => {
  expect(tryParseJson('{"a":[1]}')).toEqual({ a: [1] });
  expect(tryParseJson('null')).toBeNull();
  expect(tryParseJson('<html>')).toBeUndefined();
  expect(tryParseJson('')).toBeUndefined();
});

test('only an object has fields', () => {
  expect(jsonFields('{"a":1}')).toEqual({ a: 1 });
  for (const text of ['[1]', 'null', '"a"', '3', 'no']) expect(jsonFields(text), text).toEqual({});
});
