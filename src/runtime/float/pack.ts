import { allocateDoubles, type Numbers } from '../array.ts';

/** Rows of a matrix in pairs: for each two rows, and each k of them, the elements of both rows side by side. */
export interface PairedRows {
  readonly rows: number;
  readonly depth: number;
  /** An odd last row is paired with zeros. */
  readonly panels: Float64Array;
}

/** Where the elements of a matrix lie. */
export interface MatrixSource {
  readonly data: Numbers;
  readonly start: number;
  readonly rows: number;
  readonly depth: number;
  readonly rowStep: number;
  readonly depthStep: number;
}

/** Packs a matrix for `multiplyPaired`. */
export function pairRows({ data, start, rows, depth, rowStep, depthStep }: MatrixSource): PairedRows {
  const panels = allocateDoubles(Math.ceil(rows / 2) * 2 * depth);
  for (let row = 0; row < rows; row++) {
    let target = (row >> 1) * 2 * depth + (row & 1);
    let from = start + row * rowStep;
    for (let k = 0; k < depth; k++, target += 2, from += depthStep) panels[target] = data[from]!;
  }
  return { rows, depth, panels };
}
