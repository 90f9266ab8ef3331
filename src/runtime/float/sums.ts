import type { DataType } from '../../ir/index.ts';
import type { SumConvention } from '../conventions.ts';
import {
  columnPanels,
  packedSums,
  panelRoom,
  rowPanel,
  runTile,
  sumRoom,
  tileDepth,
} from '../integer/tile.ts';
import type { ColumnRange } from '../pieces.ts';

/** How products are summed up. */
export interface Summation {
  /** Columns that are summed up side by side. */
  readonly width: number;
  /**
   * Sums up two rows from the index p of the row panel times `width` columns from the index q of the column panels. The
   * sums of the upper row go to `slot` of the packed sums, those of the lower row `sumRoom` further on.
   */
  readonly runTile: (p: number, q: number, depth: number, slot: number) => void;
  /** Whether the sum of two pieces of depth is rounded to float32. */
  readonly rounds: boolean;
}

/** Sums in double precision, to be rounded once. */
export const inDouble: Summation = { width: 3, runTile, rounds: false };

/** Chains of fused multiply-adds in float32, as ONNX Runtime's kernels compute them. */
export const inSingle: Summation = {
  width: 4,
  runTile: (() => {
    const [rows0, rows1] = rowPanel;
    const [columns0, columns1, columns2] = columnPanels;
    const columns3 = columns2.subarray(1);
    const low = [0, 1, 2, 3].map((j) => packedSums.subarray(j, j + sumRoom));
    const high = [0, 1, 2, 3].map((j) => packedSums.subarray(j + sumRoom));
    const [low0, low1, low2, low3] = low as [Float64Array, Float64Array, Float64Array, Float64Array];
    const [high0, high1, high2, high3] = high as [Float64Array, Float64Array, Float64Array, Float64Array];
    const { fround } = Math;
    return (p: number, q: number, depth: number, slot: number): void => {
      let c00 = 0;
      let c01 = 0;
      let c02 = 0;
      let c03 = 0;
      let c10 = 0;
      let c11 = 0;
      let c12 = 0;
      let c13 = 0;
      const end = (p + depth * 2) | 0;
      for (; p < end; p = (p + 2) | 0, q = (q + 4) | 0) {
        const w0 = rows0[p]!;
        const w1 = rows1[p]!;
        const x0 = columns0[q]!;
        const x1 = columns1[q]!;
        const x2 = columns2[q]!;
        const x3 = columns3[q]!;
        // The product is exact in double, and rounding the sum rounds as a fused multiply-add does.
        c00 = fround(c00 + w0 * x0);
        c01 = fround(c01 + w0 * x1);
        c02 = fround(c02 + w0 * x2);
        c03 = fround(c03 + w0 * x3);
        c10 = fround(c10 + w1 * x0);
        c11 = fround(c11 + w1 * x1);
        c12 = fround(c12 + w1 * x2);
        c13 = fround(c13 + w1 * x3);
      }
      low0[slot] = c00;
      low1[slot] = c01;
      low2[slot] = c02;
      low3[slot] = c03;
      high0[slot] = c10;
      high1[slot] = c11;
      high2[slot] = c12;
      high3[slot] = c13;
    };
  })(),
  rounds: true,
};

/**
 * Multiplies two rows with the panels from the index `q` of the column panels on, `panelSize` apart; the sums of `count`
 * columns go to the slots from `slot` on.
 */
export function runTiles(
  runTile: Summation['runTile'],
  width: number,
  p: number,
  q: number,
  depth: number,
  panelSize: number,
  slot: number,
  count: number,
): void {
  for (let column = 0; column < count; column += width, q += panelSize) runTile(p, q, depth, slot + column);
}

// V8 inlines a function into the loops around it, which costs a tile a quarter of its speed, but not where it has seen
// two functions called. Both are called here, without depth, often enough for V8 to take notice.
for (let i = 0; i < 64; i++)
  for (const { runTile, width } of [inDouble, inSingle]) runTiles(runTile, width, 0, 0, 0, 0, 0, 16 * width);

/** How products of a type are summed up. Only float32 is added up in float32. */
export function summationOf(dtype: DataType, sums: SumConvention): Summation {
  return dtype === 'float32' && sums === 'onnxruntime' ? inSingle : inDouble;
}

/** All columns as one range, depth in equal pieces that fit the tile. */
export function oneRange(columns: number, depth: number): ColumnRange[] {
  const pieces = Math.max(1, Math.ceil(depth / tileDepth));
  return [{ start: 0, end: columns, piece: Math.max(1, Math.ceil(depth / pieces)) }];
}

/** Columns to take at a time, in blocks of much the same length. */
export function blockOf(columns: number, piece: number, width: number): number {
  const panels = Math.min(Math.floor((panelRoom - 1) / (piece * width)), Math.floor((sumRoom - 4) / width));
  const blocks = Math.ceil(columns / (panels * width));
  return Math.ceil(columns / blocks / width) * width;
}
