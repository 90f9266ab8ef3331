import { allocateDoubles } from '../array.ts';
import { rowPanel, sumRoom } from '../integer/tile.ts';
import type { PairedRows } from './pack.ts';
import { addSums, type FloatArray, storeSums, takeSums } from './store.ts';
import { blockOf, runTiles, type Summation } from './sums.ts';

/**
 * Writes the columns of a tile side by side for each k of a piece of depth: column + j, k at `offset + (k − from)·width + j`
 * of the column panels. Columns beyond the last are never stored and may hold anything.
 */
export type Gather = (column: number, from: number, to: number, offset: number) => void;

/** Which rows and columns are multiplied, and the length of the pieces that depth is summed up in. */
export interface Part {
  readonly firstRow: number;
  readonly endRow: number;
  readonly firstColumn: number;
  readonly endColumn: number;
  readonly piece: number;
}

/** Where the element of a row and a column is stored: `at + row·rowStep + column·columnStep`. */
export interface Placement {
  readonly target: FloatArray;
  readonly at: number;
  readonly rowStep: number;
  readonly columnStep: number;
}

/**
 * Product of paired rows and gathered columns, plus an offset for each row.
 *
 * As many columns as fit the panels are gathered once and multiplied with all rows; two rows at a time are copied into the
 * memory of the tile, which costs little against the columns they are used for.
 */
export function multiplyPaired(
  { depth, panels }: PairedRows,
  { firstRow, endRow, firstColumn, endColumn, piece }: Part,
  gather: Gather,
  { target, at, rowStep, columnStep }: Placement,
  { width, runTile, rounds }: Summation,
  offsets?: ArrayLike<number>,
): void {
  const panelSize = width * piece;
  const block = blockOf(endColumn - firstColumn, piece, width);
  const before = depth > piece ? allocateDoubles((endRow - firstRow) * block) : undefined;
  for (let start = firstColumn; start < endColumn; start += block) {
    const count = Math.min(block, endColumn - start);
    before?.fill(0);
    for (let from = 0; from === 0 || from < depth; from += piece) {
      const to = Math.min(from + piece, depth);
      for (let column = 0, offset = 0; column < count; column += width, offset += panelSize)
        gather(start + column, from, to, offset);
      for (let pair = firstRow; pair < endRow; pair += 2) {
        rowPanel[0].set(panels.subarray(pair * depth + 2 * from, pair * depth + 2 * to));
        runTiles(runTile, width, 0, 0, to - from, panelSize, 0, count);
        for (let row = pair; row < Math.min(pair + 2, endRow); row++) {
          const slot = (row - pair) * sumRoom;
          const sumsBefore = (row - firstRow) * block;
          if (before !== undefined && to < depth) {
            addSums(slot, count, before, sumsBefore, rounds);
            continue;
          }
          if (before !== undefined) takeSums(slot, count, before, sumsBefore, rounds);
          const place = at + row * rowStep + start * columnStep;
          storeSums(slot, count, offsets?.[row] ?? 0, target, place, columnStep);
        }
      }
    }
  }
}
