import { ModelError } from '../../support/errors.ts';
import { allocate, isLasting, type NdArray, numbersOf, productOf } from '../array.ts';
import type { MatMulShape } from '../matmul.ts';
import { packedOnce } from './cache.ts';
import { bytesOf } from './codes.ts';
import { zerosKey } from './convolve.ts';
import { fitsMatrix, type MatrixProduct } from './matrix.ts';
import { type PackedRows, packRows } from './pack.ts';
import { runWork } from './share.ts';
import { multiplySimply } from './simple.ts';

/**
 * Σ (a − a's zero point)·(b − b's zero point) in int32 for int8 or uint8 operands, all batches one after another. Sums
 * beyond int32 wrap around.
 *
 * The columns of b are packed, as b is the constant in real networks; the rows of a are gathered.
 *
 * @throws ModelError `shape-mismatch` where zero points do not fit
 */
export function multiplyBytes(
  a: NdArray,
  b: NdArray,
  aZero: NdArray | undefined,
  bZero: NdArray | undefined,
  shape: MatMulShape,
): Int32Array {
  const { rows, depth, columns, left, right, dims } = shape;
  const aZeros = zerosOf(a, aZero, productOf(a.dims, 0, a.dims.length - 1));
  const bZeros = zerosOf(b, bZero, b.dims.at(-1) ?? 1);
  const sums = allocate('int32', dims, depth === 0 ? 'zeroed' : 'overwritten') as Int32Array;
  if (sums.length === 0 || depth === 0) return sums;
  const packed = packedOnce(b.data, `columns ${columns} ${zerosKey(bZeros)}`, () =>
    packMatrices(b, depth, columns, bZeros),
  );
  if (!fitsMatrix(depth)) return multiplySimply(a, b, aZeros, bZeros, shape);
  const work: MatrixProduct = {
    kind: 'matrix',
    bytes: bytesOf(a),
    signed: a.dtype === 'int8',
    zeros: Array.from(aZeros),
    rows,
    depth,
    columns,
    left,
    packed,
    right: Array.from(right, (start) => start / (depth * columns)),
    sums,
  };
  runWork(work, { top: 0, bottom: rows, first: 0, last: columns }, isLasting(b.data));
  return sums;
}

function zerosOf(x: NdArray, zero: NdArray | undefined, groups: number): ArrayLike<number> {
  if (zero === undefined) return [0];
  const zeros = numbersOf(zero);
  if (zeros.length === 1 || (zeros.length > 0 && groups % zeros.length === 0)) return zeros;
  throw new ModelError('shape-mismatch', `Zero points [${zero.dims}] do not fit [${x.dims}].`);
}

function packMatrices(b: NdArray, depth: number, columns: number, zeros: ArrayLike<number>): PackedRows[] {
  const data = numbersOf(b);
  const count = data.length / (depth * columns);
  return Array.from({ length: count }, (_, i) =>
    packRows({
      data,
      start: i * depth * columns,
      rows: columns,
      depth,
      rowStep: 1,
      depthStep: columns,
      zeros,
    }),
  );
}
