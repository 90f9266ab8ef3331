import type { PackedRows } from './pack.ts';
import { addPairs, storePairs } from './store.ts';
import { panelRoom, rowPanel, rowRoom, runTile, sumRoom, tileColumns, tileRows } from './tile.ts';

/**
 * Where columns come from: `prepare` is told which piece of depth is next, and `gather` writes three neighbouring columns
 * side by side for each k of it: column + j, k at `offset + (k − from)·3 + j` of the column panels. Columns beyond the last
 * are never stored and may hold anything whole and small.
 */
export interface Columns {
  prepare(from: number, to: number): void;
  gather(column: number, from: number, to: number, offset: number): void;
}

/** Where the element of a row and a column is stored: `at + row·rowStep + column·columnStep`. */
export interface Placement {
  readonly at: number;
  readonly rowStep: number;
  readonly columnStep: number;
}

/**
 * Product of packed rows `first` to `last` and gathered columns, in int32; `first` is a multiple of four.
 *
 * As many columns as fit the panels are gathered once and multiplied with all rows. Rows are copied into the memory of the
 * tile, as many as fit, which costs little against the columns they are used for.
 */
export function multiplyPacked(
  { depth, panels, piece }: PackedRows,
  first: number,
  last: number,
  count: number,
  columns: Columns,
  target: Int32Array,
  { at, rowStep, columnStep }: Placement,
): void {
  const panelSize = tileColumns * piece;
  const block = blockOf(count, panelSize);
  const together = Math.floor(rowRoom / (2 * piece)) * tileRows;
  let loaded = -1;
  for (let start = 0; start < count; start += block) {
    const width = Math.min(block, count - start);
    for (let from = 0; from < depth; from += piece) {
      const to = Math.min(from + piece, depth);
      columns.prepare(from, to);
      for (let column = 0, offset = 0; column < width; column += tileColumns, offset += panelSize)
        columns.gather(start + column, from, to, offset);
      for (let row = first; row < last; row += tileRows) {
        const inside = (row - first) % together;
        if (inside === 0 && loaded !== row * depth + from) {
          loadRows(panels, depth, row, Math.min(row + together, last), from, to);
          loaded = row * depth + from;
        }
        runTiles((inside >> 1) * (to - from), width, panelSize, to - from);
        const place = at + row * rowStep + start * columnStep;
        for (let pair = 0; pair < 2 && row + 2 * pair < last; pair++) {
          const lower = place + 2 * pair * rowStep;
          const upper = row + 2 * pair + 1 < last ? lower + rowStep : lower;
          const store = from > 0 ? addPairs : storePairs;
          store(pair * sumRoom, target, lower, upper, columnStep, width);
        }
      }
    }
  }
}

/** Copies a piece of the rows `first` to `last` into the memory of the tile, four after four. */
function loadRows(
  panels: Float64Array,
  depth: number,
  first: number,
  last: number,
  from: number,
  to: number,
): void {
  if (to - from === depth) {
    rowPanel[0].set(
      panels.subarray((first >> 1) * depth, ((first + 4 * Math.ceil((last - first) / 4)) >> 1) * depth),
    );
    return;
  }
  for (let row = first; row < last; row += tileRows) {
    const start = (row >> 1) * depth;
    rowPanel[0].set(panels.subarray(start + 2 * from, start + 2 * to), ((row - first) >> 1) * (to - from));
  }
}

/** Runs the tile over all panels of a block, for the rows that start at an index of the row panel. */
const runTiles = (() => {
  const run = runTile;
  const step = tileColumns;
  return (row: number, width: number, panelSize: number, depth: number): void => {
    for (
      let column = 0, offset = 0;
      column < width;
      column = (column + step) | 0, offset = (offset + panelSize) | 0
    )
      run(row, offset, depth, column);
  };
})();

/** Columns to take at a time, in blocks of much the same length. */
export function blockOf(columns: number, panelSize: number): number {
  const most = Math.min(Math.floor(panelRoom / panelSize), Math.floor(sumRoom / tileColumns)) * tileColumns;
  const blocks = Math.ceil(columns / most);
  return Math.ceil(columns / blocks / tileColumns) * tileColumns;
}
