import type { z } from 'zod';
import { valueAt, type DocumentPath } from './document-path.js';
import { schemaAt, schemaFields } from './json-schema.js';
import { nearest } from './nearest.js';

/** Something wrong with the document, or worth a warning, before its place in the file is known. */
export interface Problem {
  readonly path: DocumentPath;
  readonly message: string;
  /** Whether the key itself is meant, not its value. */
  readonly atKey?: boolean;
}

const SECRET_KEY = /passw|passphrase|secret|token/i;

function show(value: unknown): string {
  if (value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'string') return `"${value}"`;
  if (typeof value === 'number' || typeof value === 'boolean') return `the ${typeof value} ${value}`;
  return 'an object';
}

/** Known keys here; else where else in the file a field of that name stands. */
function unknownKeyMessage(document: unknown, path: DocumentPath, key: string): string {
  if (SECRET_KEY.test(key))
    return 'is no field: secrets do not belong in a file; kbs asks for the password or takes it from KBS_SUDO_PASSWORD';
  const known = Object.keys(schemaAt(document, path)?.properties ?? {});
  const near = nearest(key, known);
  if (near !== undefined) return `is no field; did you mean ${near}?`;
  const elsewhere = [...schemaFields()].filter((field) => field.key === key).map((field) => field.path);
  if (elsewhere.length > 0) return `is no field here; it belongs at ${[...new Set(elsewhere)].slice(0, 3).join(' or ')}`;
  return known.length === 0 ? 'is no field: nothing can be set here yet' : `is no field; known here: ${known.join(', ')}`;
}

const TYPE_WORDS: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object with fields',
  record: 'an object with fields',
};

function typeMessage(issue: z.core.$ZodIssueInvalidType, document: unknown, path: DocumentPath): string {
  const value = valueAt(document, path);
  if (value === undefined) {
    const meaning = schemaAt(document, path)?.description;
    return meaning === undefined ? 'is missing' : `is missing (${meaning})`;
  }
  const expected = TYPE_WORDS[issue.expected] ?? issue.expected;
  if (value === null) return `is empty: give it ${expected}, or remove the line`;
  const standard = schemaAt(document, path)?.default;
  if (issue.expected === 'string' && typeof standard === 'string') return `must be a text such as ${standard}, not ${show(value)}`;
  if (issue.expected === 'string' && (typeof value === 'number' || typeof value === 'boolean')) {
    return `must be a text, not ${show(value)}: put it in quotes, "${value}"`;
  }
  return `must be ${expected}, not ${show(value)}`;
}

function choiceMessage(choices: readonly unknown[], document: unknown, path: DocumentPath): string {
  const names = choices.map(String);
  const value = valueAt(document, path);
  const wanted = names.length === 1 ? `must be ${names[0]}` : `must be one of ${names.join(', ')}`;
  if (value === undefined) return `is missing: it ${wanted}`;
  const near = typeof value === 'string' ? nearest(value, names) : undefined;
  return `${wanted}, not ${show(value)}${near === undefined || names.length === 1 ? '' : `; did you mean ${near}?`}`;
}

function sizeMessage(issue: z.core.$ZodIssueTooSmall | z.core.$ZodIssueTooBig): string {
  if (issue.code === 'too_small' && issue.origin === 'array') return `needs at least ${issue.minimum} entry`;
  if (issue.code === 'too_small' && issue.origin === 'string') return 'must not be empty';
  return issue.code === 'too_small' ? `must be at least ${issue.minimum}` : `must be at most ${issue.maximum}`;
}

/** What zod found, in the user's words; unknown keys become one problem each. */
export function describeIssue(issue: z.core.$ZodIssue, document: unknown): readonly Problem[] {
  const path = issue.path.map((key) => (typeof key === 'symbol' ? String(key) : key));
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({ path: [...path, key], message: unknownKeyMessage(document, path, key), atKey: true }));
    case 'invalid_key':
      return issue.issues.map((inner) => ({ path, message: inner.message, atKey: true }));
    case 'invalid_type':
      return [{ path, message: typeMessage(issue, document, path) }];
    case 'invalid_value':
      return [{ path, message: choiceMessage(issue.values, document, path) }];
    case 'invalid_union':
      return [{ path, message: 'options' in issue && issue.options ? choiceMessage(issue.options, document, path) : issue.message }];
    case 'too_small':
    case 'too_big':
      return [{ path, message: sizeMessage(issue) }];
    case 'invalid_format':
    case 'invalid_element':
    case 'not_multiple_of':
    case 'custom':
      return [{ path, message: issue.message }];
  }
}
