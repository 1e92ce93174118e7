import { styleText } from 'node:util';

/** Colours text when the output can show them, and leaves it alone when not. */
export interface Style {
  readonly isOn: boolean;
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly red: (text: string) => string;
  readonly green: (text: string) => string;
  readonly yellow: (text: string) => string;
  readonly cyan: (text: string) => string;
}

type Format = Parameters<typeof styleText>[0];

/** Makes a style that colours, or one that does not. */
export function createStyle(isOn: boolean): Style {
  const paint =
    (format: Format) =>
    (text: string): string =>
      isOn && text !== '' ? styleText(format, text, { validateStream: false }) : text;
  return {
    isOn,
    bold: paint('bold'),
    dim: paint('dim'),
    red: paint('red'),
    green: paint('green'),
    yellow: paint('yellow'),
    cyan: paint('cyan'),
  };
}

/** What decides about colours. */
export interface ColorChoice {
  readonly isTerminal: boolean;
  /** `--no-color` was given. */
  readonly isRefused: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Colours only on a terminal that knows them, and never against NO_COLOR (any value but the empty one, https://no-color.org). */
export function wantsColor({ isTerminal, isRefused, env }: ColorChoice): boolean {
  return isTerminal && !isRefused && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb';
}
