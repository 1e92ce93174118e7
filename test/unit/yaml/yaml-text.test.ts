import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { printYaml, printYamlScalar, yamlProblem } from '../../../src/yaml/index.js';

describe('printed YAML', () => {
  test('has sorted keys, lists that are not indented, and long lines whole', () => {
    const long = 'x '.repeat(100).trim();
    expect(printYaml({ b: [{ d: 1, c: {} }], a: long })).toBe(`a: ${long}\nb:\n- c: {}\n  d: 1\n`);
  });

  test.each([
    'yes',
    'off',
    'n',
    '0',
    '1e3',
    '0x10',
    '1:30',
    '2026-11-21',
    '',
    '~',
    'null',
    ' a',
    'a: b',
    '- a',
    '*a',
    '#a',
    'a #b',
    '@a',
    '{a}',
  ])('keeps the text %j a text for readers of YAML 1.1', (text) => {
    expect(parse(`- ${printYamlScalar(text)}`, { version: '1.1' })).toEqual([text]);
    expect(parse(`- ${printYamlScalar(text)}`, { version: '1.2' })).toEqual([text]);
  });

  test('leaves plain what needs no quotes', () => {
    const flag = '--controllers=*,bootstrapsigner,tokencleaner';
    expect(['10.96.0.0/12', '/health?exclude=NOSPACE&serializable=true', flag].map(printYamlScalar)).toEqual([
      '10.96.0.0/12',
      '/health?exclude=NOSPACE&serializable=true',
      flag,
    ]);
  });

  test('keeps a text of several lines in one, so that nothing can be slipped in below it', () => {
    expect(printYamlScalar('a\nprivileged: true')).toBe('"a\\nprivileged: true"');
  });
});

test('what is no YAML is told with its position', () => {
  expect(yamlProblem('a: [1')).toContain('line 1');
  expect(yamlProblem('a: 1\na: 2')).toContain('line 2');
  expect(yamlProblem('a: [1]')).toBeUndefined();
});
