import Table from 'cli-table3';
import { displayWidth, wrapText } from './text.js';

/** A column of a table. */
export interface Column {
  readonly header: string;
  readonly align?: 'left' | 'right';
}

/** How much room a table has, and how its header looks. */
export interface TableOptions {
  /** Terminal columns; default: as wide as the content needs. */
  readonly width?: number;
  readonly header?: (text: string) => string;
}

const GAP = 2;
const NARROWEST = 12;
const BORDERLESS = {
  ...Object.fromEntries(
    ['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right']
      .concat(['left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid'])
      .map((edge) => [edge, '']),
  ),
  middle: ' '.repeat(GAP),
};

/**
 * Text columns without borders. Too wide for the terminal: the widest columns are wrapped until it fits.
 * Characters that take two columns (Chinese, Japanese, Korean) keep the columns straight.
 */
export function renderTable(columns: readonly Column[], rows: readonly (readonly string[])[], options: TableOptions = {}): string {
  const widths = fitWidths(naturalWidths(columns, rows), options.width);
  const wrapRow = (cells: readonly string[]): string[] => widths.map((width, index) => wrapText(cells[index] ?? '', width));
  const paint = options.header ?? ((text: string) => text);
  const table = new Table({
    head: wrapRow(columns.map((column) => column.header)).map((cell) => cell.split('\n').map(paint).join('\n')),
    colWidths: [...widths],
    colAligns: columns.map((column) => column.align ?? 'left'),
    chars: BORDERLESS,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0, compact: true },
  });
  for (const row of rows) table.push(wrapRow(row));
  return table.toString().replace(/[ \t]+$/gm, '');
}

function naturalWidths(columns: readonly Column[], rows: readonly (readonly string[])[]): number[] {
  return columns.map((column, index) => {
    const cells = [column.header, ...rows.map((row) => row[index] ?? '')];
    return Math.max(1, ...cells.flatMap((cell) => cell.split('\n').map(displayWidth)));
  });
}

function fitWidths(natural: readonly number[], limit: number | undefined): readonly number[] {
  const widths = [...natural];
  const excess = (): number => widths.reduce((sum, width) => sum + width, GAP * (widths.length - 1)) - (limit ?? Number.POSITIVE_INFINITY);
  while (excess() > 0) {
    const widest = Math.max(...widths);
    if (widest <= NARROWEST) break;
    widths[widths.indexOf(widest)] = widest - 1;
  }
  return widths;
}
