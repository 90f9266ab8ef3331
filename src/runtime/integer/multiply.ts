import type { PackedRows } from './pack.ts';
import { panelRoom, rowPanel, runTile, storeTile, tileColumns, tileRows } from './tile.ts';

/**
 * Writes three neighbouring columns side by side for each k of a piece of depth: column + j, k at
 * `offset + (k − from)·3 + j` of `columnPanels`. Columns beyond the last are never stored and may hold anything whole and small.
 */
export type Gather = (column: number, from: number, to: number, offset: number) => void;

/** Where the element of a row and a column is stored: `at + row·rowStep + column·columnStep`. */
export interface Placement {
  readonly at: number;
  readonly rowStep: number;
  readonly columnStep: number;
}

/**
 * Product of packed rows and gathered columns, in int32.
 *
 * As many columns as fit the panels are gathered once and multiplied with all rows; four rows at a time are copied into the
 * memory of the tile, which costs little against the columns they are used for.
 */
export function multiplyPacked(
  { rows, depth, panels, piece }: PackedRows,
  columns: number,
  gather: Gather,
  target: Int32Array,
  { at, rowStep, columnStep }: Placement,
): void {
  const panelSize = tileColumns * piece;
  const block = Math.floor(panelRoom / panelSize) * tileColumns;
  for (let start = 0; start < columns; start += block) {
    const end = Math.min(start + block, columns);
    for (let from = 0; from < depth; from += piece) {
      const to = Math.min(from + piece, depth);
      for (let column = start, offset = 0; column < end; column += tileColumns, offset += panelSize)
        gather(column, from, to, offset);
      for (let row = 0; row < rows; row += tileRows) {
        const first = (row >> 1) * depth;
        rowPanel.set(panels.subarray(first + 2 * from, first + 2 * to));
        const height = Math.min(tileRows, rows - row);
        for (let column = start, offset = 0; column < end; column += tileColumns, offset += panelSize) {
          runTile(offset, to - from);
          const width = Math.min(tileColumns, end - column);
          const place = at + row * rowStep + column * columnStep;
          storeTile(target, place, rowStep, columnStep, height, width, from > 0);
        }
      }
    }
  }
}
