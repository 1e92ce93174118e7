import { KbsError } from '../errors/index.js';
import { tryParseJson } from '../json/index.js';
import type { JournalEntry } from './host.js';

/** What an entry is about: of several entries about one thing the first counts. */
export function subjectOf(entry: JournalEntry): string {
  switch (entry.kind) {
    case 'path':
    case 'tree':
      return `${entry.kind} ${entry.path}`;
    case 'sysctl':
      return `sysctl ${entry.key}`;
    case 'module':
    case 'package':
    case 'note':
      return `${entry.kind} ${entry.name}`;
    case 'unit':
      return `unit ${entry.unit}`;
    case 'swap':
      return `swap ${entry.device}`;
  }
}

/** Entries as the lines of the journal file. */
export function formatJournal(entries: readonly JournalEntry[]): string {
  return entries.map((entry) => `${JSON.stringify(entry)}\n`).join('');
}

/**
 * Reads the journal file. A line that is no JSON was being written when the host went down; what it would have told was not
 * changed yet, so it is left out.
 * @throws KbsError FILE_READ for a line that is whole but no entry
 */
export function parseJournal(text: string): readonly JournalEntry[] {
  const entries = text.split('\n').flatMap((line, index) => {
    const value = tryParseJson(line);
    if (value === undefined) return [];
    if (isEntry(value)) return [value];
    throw new KbsError('FILE_READ', `line ${index + 1} of the journal is no entry that this version of kbs knows`, {
      details: [line.slice(0, 200)],
      remedy: ['use the version of kbs that was used on this host last'],
    });
  });
  return withoutRepeats(entries, new Set());
}

/** Entries about things not in `known` yet, the first of each. */
export function withoutRepeats(entries: readonly JournalEntry[], known: ReadonlySet<string>): readonly JournalEntry[] {
  const seen = new Set(known);
  return entries.filter((entry) => {
    const subject = subjectOf(entry);
    return !seen.has(subject) && seen.add(subject);
  });
}

const KINDS: ReadonlySet<string> = new Set<JournalEntry['kind']>(['path', 'tree', 'sysctl', 'module', 'unit', 'swap', 'package', 'note']);

function isEntry(value: unknown): value is JournalEntry {
  return typeof value === 'object' && value !== null && 'kind' in value && typeof value.kind === 'string' && KINDS.has(value.kind);
}
