import { allocateDoubles, type Numbers } from '../array.ts';
import { lane, tileDepth, tileRows } from './tile.ts';

/** Rows of a matrix of whole numbers, two to a double, ready for the tile. */
export interface PackedRows {
  readonly rows: number;
  readonly depth: number;
  /** Four rows after another: for each k the pair of rows 0 and 1, then the pair of rows 2 and 3. */
  readonly panels: Float64Array;
  /** Depth is cut into pieces of this length, which are summed up outside of the lanes. */
  readonly piece: number;
}

/** Where the bytes of a matrix lie, and what is subtracted from them. */
export interface MatrixSource {
  readonly data: Numbers;
  readonly start: number;
  readonly rows: number;
  readonly depth: number;
  readonly rowStep: number;
  readonly depthStep: number;
  /** Zero points: one, or one for each row; repeated where there are fewer. */
  readonly zeros: ArrayLike<number>;
}

/**
 * Packs a matrix of bytes minus their zero points.
 *
 * Row 2i + 1 of a pair sits 2^27 above row 2i. A byte minus a zero point of its type is at most 255 in magnitude, so a piece
 * of `tileDepth` products stays within a lane whatever the operands are; cutting depth there is the whole proof.
 */
export function packRows({ data, start, rows, depth, rowStep, depthStep, zeros }: MatrixSource): PackedRows {
  const panels = allocateDoubles(Math.ceil(rows / tileRows) * 2 * depth);
  for (let row = 0; row < rows; row++) {
    const zero = zeros[row % zeros.length]!;
    const weight = row % 2 === 0 ? 1 : lane;
    let target = Math.floor(row / tileRows) * 2 * depth + ((row % tileRows) >> 1);
    let from = start + row * rowStep;
    for (let k = 0; k < depth; k++, target += 2, from += depthStep)
      panels[target]! += (data[from]! - zero) * weight;
  }
  const pieces = Math.ceil(depth / tileDepth);
  return { rows, depth, panels, piece: Math.ceil(depth / pieces) };
}
