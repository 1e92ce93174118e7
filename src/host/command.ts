/** A shell command with every interpolation quoted. Made only by {@link sh}, so plain strings do not type-check. */
export interface Command {
  /** What `/bin/sh -c` gets. */
  readonly text: string;
}

/** What may stand in a command: quoted as one word each; an array as several words; a Command as it is. */
export type CommandPart = string | number | Command | readonly (string | number)[];

const SAFE_WORD = /^[A-Za-z0-9_\-+=./:,@%^]+$/;

function quoteWord(word: string | number): string {
  const text = String(word);
  return SAFE_WORD.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

function renderPart(part: CommandPart): string {
  if (typeof part === 'string' || typeof part === 'number') return quoteWord(part);
  if ('text' in part) return part.text;
  return part.map(quoteWord).join(' ');
}

/**
 * Builds a command: sh`systemctl enable --now ${unit}`.
 * Secrets are no part of a command (argv is visible to every user of a host): hand them over by stdin.
 */
export function sh(strings: TemplateStringsArray, ...parts: readonly CommandPart[]): Command {
  let text = strings.raw[0] ?? '';
  parts.forEach((part, index) => {
    text += renderPart(part) + (strings.raw[index + 1] ?? '');
  });
  return { text };
}

/** A multi-line script from this code base (never from input); values come in as quoted `VAR=value` lines. */
export function script(lines: string, variables: Readonly<Record<string, string | number>> = {}): Command {
  const head = Object.entries(variables).map(([name, value]) => `${name}=${quoteWord(value)}`);
  return { text: [...head, lines].join('\n') };
}
