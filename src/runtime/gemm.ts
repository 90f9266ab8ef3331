import type { DataType } from '../ir/index.ts';
import { productRanges } from './pieces.ts';

/**
 * Matrix products.
 *
 * Every element of a product is one sum over k in ascending order: for float32 operands chains of fused multiply-adds in
 * float32 over pieces of k, which is what ONNX Runtime's kernels compute and, on a network of many quantizers, the only
 * way to meet its results to the bit; for all others in double precision, exact for integers up to 2^53. Matrices are packed into
 * panels of four rows (or columns) that lie next to each other for each k, and a block of 4×4 sums stays in registers.
 */

/** How sums are kept: `single` for float32 operands, `double` for every other type. */
export type Precision = 'single' | 'double';

/** The precision that sums of products of a type are kept in. */
export function precisionOf(dtype: DataType): Precision {
  return dtype === 'float32' ? 'single' : 'double';
}

const width = 4;

/** Rows of a left matrix in panels: element (4p + i, k) at (p·depth + k)·4 + i; missing rows are zeros. */
export function packPanels(
  source: ArrayLike<number>,
  start: number,
  rows: number,
  depth: number,
  rowStride: number,
  depthStride: number,
): Float64Array {
  const panels = new Float64Array(Math.ceil(rows / width) * width * depth);
  for (let row = 0; row < rows; row++) {
    let target = Math.floor(row / width) * width * depth + (row % width);
    let from = start + row * rowStride;
    for (let k = 0; k < depth; k++, target += width, from += depthStride) panels[target] = source[from]!;
  }
  return panels;
}

/**
 * Multiplies row panels `a` by one column panel of `b` (at `offset`) and stores the sums in the columns from `column` up
 * to `end`, at most four, of `c`, a row-major matrix of `rows` × `columns`.
 *
 * @param piece length of the pieces in single precision
 */
export function multiplyPanel(
  a: Float64Array,
  b: Float64Array,
  offset: number,
  depth: number,
  c: Float64Array,
  rows: number,
  columns: number,
  column: number,
  end: number,
  piece: number,
  precision: Precision,
): void {
  const block = precision === 'single' ? singleBlock : doubleBlock;
  const step = precision === 'single' ? piece : depth;
  const valid = Math.min(width, end - column);
  for (let row = 0; row < rows; row += width) {
    const height = Math.min(width, rows - row);
    for (let k = 0; k < depth; k += step) {
      block(a, row * depth + k * width, b, offset + k * width, Math.min(step, depth - k));
      for (let i = 0; i < height; i++) {
        const target = (row + i) * columns + column;
        for (let j = 0; j < valid; j++) {
          const sum = sums[i * width + j]!;
          c[target + j] = k === 0 ? sum : Math.fround(c[target + j]! + sum);
        }
      }
    }
  }
}

/** C = A · B for packed panels of both sides. */
export function multiplyPanels(
  a: Float64Array,
  b: Float64Array,
  rows: number,
  columns: number,
  depth: number,
  precision: Precision,
  c: Float64Array = new Float64Array(rows * columns),
): Float64Array {
  for (const { start, end, piece } of productRanges(rows, columns, depth)) {
    for (let column = start; column < end; column += width)
      multiplyPanel(a, b, column * depth, depth, c, rows, columns, column, end, piece, precision);
  }
  return c;
}

const sums = new Float64Array(width * width);

/** Sums in double precision. */
function doubleBlock(a: Float64Array, p: number, b: Float64Array, q: number, depth: number): void {
  let c00 = 0;
  let c01 = 0;
  let c02 = 0;
  let c03 = 0;
  let c10 = 0;
  let c11 = 0;
  let c12 = 0;
  let c13 = 0;
  let c20 = 0;
  let c21 = 0;
  let c22 = 0;
  let c23 = 0;
  let c30 = 0;
  let c31 = 0;
  let c32 = 0;
  let c33 = 0;
  const end = p + depth * 4;
  for (; p < end; p += 4, q += 4) {
    const a0 = a[p]!;
    const a1 = a[p + 1]!;
    const a2 = a[p + 2]!;
    const a3 = a[p + 3]!;
    const b0 = b[q]!;
    const b1 = b[q + 1]!;
    const b2 = b[q + 2]!;
    const b3 = b[q + 3]!;
    c00 += a0 * b0;
    c01 += a0 * b1;
    c02 += a0 * b2;
    c03 += a0 * b3;
    c10 += a1 * b0;
    c11 += a1 * b1;
    c12 += a1 * b2;
    c13 += a1 * b3;
    c20 += a2 * b0;
    c21 += a2 * b1;
    c22 += a2 * b2;
    c23 += a2 * b3;
    c30 += a3 * b0;
    c31 += a3 * b1;
    c32 += a3 * b2;
    c33 += a3 * b3;
  }
  sums.set([c00, c01, c02, c03, c10, c11, c12, c13, c20, c21, c22, c23, c30, c31, c32, c33]);
}

/** Sums in float32: the product is exact in double, and the sum is rounded as a fused multiply-add would. */
function singleBlock(a: Float64Array, p: number, b: Float64Array, q: number, depth: number): void {
  let c00 = 0;
  let c01 = 0;
  let c02 = 0;
  let c03 = 0;
  let c10 = 0;
  let c11 = 0;
  let c12 = 0;
  let c13 = 0;
  let c20 = 0;
  let c21 = 0;
  let c22 = 0;
  let c23 = 0;
  let c30 = 0;
  let c31 = 0;
  let c32 = 0;
  let c33 = 0;
  const end = p + depth * 4;
  for (; p < end; p += 4, q += 4) {
    const a0 = a[p]!;
    const a1 = a[p + 1]!;
    const a2 = a[p + 2]!;
    const a3 = a[p + 3]!;
    const b0 = b[q]!;
    const b1 = b[q + 1]!;
    const b2 = b[q + 2]!;
    const b3 = b[q + 3]!;
    c00 = Math.fround(c00 + a0 * b0);
    c01 = Math.fround(c01 + a0 * b1);
    c02 = Math.fround(c02 + a0 * b2);
    c03 = Math.fround(c03 + a0 * b3);
    c10 = Math.fround(c10 + a1 * b0);
    c11 = Math.fround(c11 + a1 * b1);
    c12 = Math.fround(c12 + a1 * b2);
    c13 = Math.fround(c13 + a1 * b3);
    c20 = Math.fround(c20 + a2 * b0);
    c21 = Math.fround(c21 + a2 * b1);
    c22 = Math.fround(c22 + a2 * b2);
    c23 = Math.fround(c23 + a2 * b3);
    c30 = Math.fround(c30 + a3 * b0);
    c31 = Math.fround(c31 + a3 * b1);
    c32 = Math.fround(c32 + a3 * b2);
    c33 = Math.fround(c33 + a3 * b3);
  }
  sums.set([c00, c01, c02, c03, c10, c11, c12, c13, c20, c21, c22, c23, c30, c31, c32, c33]);
}
