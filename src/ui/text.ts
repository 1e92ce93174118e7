import { stripVTControlCharacters } from 'node:util';

const WIDE =
  /\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}|\p{Script=Hangul}|[\u3000-\u303f\uff01-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u;
const ZERO = /\p{Mark}|\u200d/u;

/** Terminal columns a text takes: colour codes none, Chinese, Japanese and Korean characters two. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const char of stripVTControlCharacters(text)) width += ZERO.test(char) ? 0 : WIDE.test(char) ? 2 : 1;
  return width;
}

/** "0.4 s", "12.3 s", "2 min 05 s". */
export function formatDuration(durationMs: number): string {
  if (durationMs < 59_950) return `${(durationMs / 1000).toFixed(1)} s`;
  const seconds = Math.round(durationMs / 1000);
  return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, '0')} s`;
}

/** "1 host", "2 hosts". */
export function countOf(count: number, noun: string, plural = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : plural}`;
}

/** Every line moved to the right. */
export function indentLines(text: string, by: string): string {
  return text.replace(/^(?=.)/gm, by);
}

/**
 * Breaks lines that are wider than `width`: between words where it can, inside a word where it must
 * (a path, or Chinese text, which has no spaces). A coloured word that has to be broken loses its colour.
 */
export function wrapText(text: string, width: number): string {
  return text
    .split('\n')
    .flatMap((line) => (displayWidth(line) <= width ? [line] : wrapLine(line, width)))
    .join('\n');
}

function wrapLine(line: string, width: number): readonly string[] {
  const lines: string[] = [];
  let current = '';
  const push = (piece: string, gap: string): void => {
    if (current !== '' && displayWidth(current + gap + piece) > width) {
      lines.push(current);
      current = piece;
    } else current = current === '' ? piece : current + gap + piece;
  };
  for (const word of line.split(' ')) {
    if (displayWidth(word) <= width) push(word, ' ');
    else for (const [index, char] of [...stripVTControlCharacters(word)].entries()) push(char, index === 0 ? ' ' : '');
  }
  return [...lines, current];
}
