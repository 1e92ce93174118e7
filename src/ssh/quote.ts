/** Characters that csh (newline, `!`) or fish (backslash) read even inside single quotes. */
const TREACHEROUS = /[\n!\\]/;
const HAS_STAND_IN = /[\u0001-\u0003]/;
const SAFE_WORD = /^[A-Za-z0-9_\-+=./:,@%]+$/;

/** Stand-ins for them on the way, turned back by tr: control characters are part of no command. */
const STAND_INS: Readonly<Record<string, string>> = { '\n': '\u0001', '!': '\u0002', '\\': '\u0003' };
/** Runs its arguments after turning the stand-ins back; free of treacherous characters itself. */
const RESTORE = 'eval "$(printf %s "$1" | tr "\\001\\002\\003" "\\012\\041\\134")"';

function singleQuote(word: string): string {
  return SAFE_WORD.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/**
 * A program with arguments as one line for a login shell of any kind (sh, bash, zsh, ksh, csh, fish): sshd always
 * goes through the login shell.
 * @param options.keepsQuotes the login shell is known to leave alone what stands between single quotes: two processes less
 */
export function commandLine(argv: readonly string[], { keepsQuotes = false }: { readonly keepsQuotes?: boolean } = {}): string {
  const isPlain = keepsQuotes || !argv.some((word) => TREACHEROUS.test(word)) || argv.some((word) => HAS_STAND_IN.test(word));
  if (isPlain) return `exec ${argv.map(singleQuote).join(' ')}`;
  const posix = `exec ${argv.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ')}`;
  const carried = posix.replaceAll(/[\n!\\]/g, (character) => STAND_INS[character] ?? character);
  return `exec ${['/bin/sh', '-c', RESTORE, 'kbs', carried].map(singleQuote).join(' ')}`;
}
