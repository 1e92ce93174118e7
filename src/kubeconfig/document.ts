import { parseDocument, type Document } from 'yaml';
import { KbsError } from '../errors/index.js';
import { Secret } from '../secret/index.js';

/** Any value read from YAML whose fields are looked at one by one. */
export type Fields = Readonly<Record<string, unknown>>;

/**
 * Reads a kubeconfig; comments and order stay in the document.
 * @throws KbsError FILE_READ when it is no YAML or no mapping
 */
export function readDocument(text: string): Document {
  const document = parseDocument(text);
  const [error] = document.errors;
  if (error !== undefined) {
    // The parser's message quotes the line, which may hold a key: only the position is told.
    const [start] = error.linePos ?? [];
    throw notAKubeconfig(start === undefined ? error.code : `${error.code} in line ${start.line}, column ${start.col}`);
  }
  if (typeof document.toJS() !== 'object' || Array.isArray(document.toJS())) throw notAKubeconfig('no mapping at the top');
  return document;
}

/** @param reason what was seen */
export function notAKubeconfig(reason: string): KbsError {
  return new KbsError('FILE_READ', `not a usable kubeconfig: ${reason}`);
}

/** The fields of a mapping; none for anything else. */
export function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

/** A text that is not empty; undefined for anything else. */
export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** The entry of a list (`clusters`, `contexts`, `users`) with this name, and what it holds below `key`. */
export function namedEntry(list: unknown, name: string | undefined, key: string): Fields | undefined {
  const entries: readonly unknown[] = Array.isArray(list) ? list : [];
  const found = entries.map(fieldsOf).find((entry) => entry['name'] === name);
  return found === undefined ? undefined : fieldsOf(found[key]);
}

export function toBase64(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64');
}

export function fromBase64(value: unknown): string | undefined {
  const text = textOf(value);
  return text === undefined ? undefined : Buffer.from(text, 'base64').toString('utf8');
}

export function revealed(text: string | Secret): string {
  return text instanceof Secret ? text.reveal() : text;
}
