import type { Secret } from '../secret/index.js';

const HIDDEN = '***';
/** Shorter values are words that stand everywhere; replacing them would destroy the text and tell nobody anything. */
const SHORTEST_LENGTH = 6;
/** A single line of a multi-line secret (a PEM body) is hidden from this length on. */
const SHORTEST_LINE_LENGTH = 16;
const PEM_FENCE = /^-----(BEGIN|END) /;

/** Last line of defence: takes the values of known secrets out of everything that is shown or stored. */
export interface Redactor {
  /** Makes a value known; for several lines also each line, since output arrives line by line. */
  add(secret: Secret): void;
  /** The same value with every known secret replaced by `***`; the very same object when there is nothing to hide. */
  redact<T>(value: T): T;
}

/** Makes an empty registry of secrets. */
export function createRedactor(): Redactor {
  const hidden = new Set<string>();
  let pattern: RegExp | undefined;
  return {
    add(secret) {
      const before = hidden.size;
      for (const text of wordsOf(secret.reveal())) hidden.add(text);
      if (hidden.size > before) pattern = patternOf(hidden);
    },
    redact: (value) => (pattern ? redactWith(pattern, value) : value),
  };
}

function wordsOf(value: string): readonly string[] {
  const whole = value.trim();
  if (whole.length < SHORTEST_LENGTH) return [];
  const lines = whole.split('\n').map((line) => line.trim());
  if (lines.length === 1) return [whole, JSON.stringify(whole).slice(1, -1)];
  return [whole, ...lines.filter((line) => line.length >= SHORTEST_LINE_LENGTH && !PEM_FENCE.test(line))];
}

function patternOf(hidden: ReadonlySet<string>): RegExp {
  // Longest first: one secret may be the beginning of another.
  const words = [...hidden].sort((a, b) => b.length - a.length).map((word) => word.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
  return new RegExp(words.join('|'), 'g');
}

function redactWith<T>(pattern: RegExp, value: T): T {
  return redactValue(pattern, value) as T;
}

function redactValue(pattern: RegExp, value: unknown): unknown {
  if (typeof value === 'string') return value.replace(pattern, HIDDEN);
  if (Array.isArray(value)) return value.map((entry) => redactValue(pattern, entry));
  if (value === null || typeof value !== 'object' || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, redactValue(pattern, entry)]));
}
