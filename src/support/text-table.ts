/** How a column of a table is set. */
export type Align = 'left' | 'right';

export interface TableOptions {
  /** By column; `left` for those not said. */
  readonly align?: readonly Align[];
  /** Put in front of each line. */
  readonly indent?: string;
}

/**
 * Rows as lines of aligned columns, two spaces apart, without trailing spaces. The first row is a heading when `heading`
 * cells are given.
 */
export function printTable(
  heading: readonly string[] | undefined,
  rows: readonly (readonly string[])[],
  { align = [], indent = '' }: TableOptions = {},
): string {
  const all = heading === undefined ? rows : [heading, ...rows];
  const widths: number[] = [];
  for (const row of all)
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, widthOf(cell));
    });
  return all
    .map((row) => {
      const cells = row.map((cell, column) => {
        const space = ' '.repeat(widths[column]! - widthOf(cell));
        return align[column] === 'right' ? space + cell : cell + space;
      });
      return `${indent}${cells.join('  ')}`.trimEnd();
    })
    .join('\n');
}

/** Characters a cell takes; names may hold any. */
function widthOf(cell: string): number {
  return [...cell].length;
}

/** A number as a person reads it: a few significant digits, no trailing zeros, `∞` and `–` where there is none. */
export function formatNumber(value: number | undefined, digits = 4): string {
  if (value === undefined) return '–';
  if (value === Infinity) return '∞';
  if (value === -Infinity) return '-∞';
  return Number.isNaN(value) ? 'NaN' : String(Number(value.toPrecision(digits)));
}

/** Bytes as a person reads them: `868 KB`, `9.3 MB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 1e6) return `${formatNumber(bytes / 1e3, 3)} KB`;
  return bytes < 1e9 ? `${formatNumber(bytes / 1e6, 3)} MB` : `${formatNumber(bytes / 1e9, 3)} GB`;
}

/** Milliseconds as a person reads them. */
export function formatTime(milliseconds: number): string {
  return milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${formatNumber(milliseconds / 1000, 3)} s`;
}

/** `1 node`, `2 nodes`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
