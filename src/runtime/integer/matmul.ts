import { ModelError } from '../../support/errors.ts';
import {
  allocate,
  isLasting,
  makeArray,
  type NdArray,
  type Numbers,
  numbersOf,
  productOf,
} from '../array.ts';
import { type Finish, finishedType, finishSums } from '../finish.ts';
import type { MatMulShape } from '../matmul.ts';
import { fitsBands } from './band.ts';
import { packedOnce } from './cache.ts';
import { bytesOf } from './codes.ts';
import { zerosKey } from './convolve.ts';
import { fitsMatrix, type MatrixProduct } from './matrix.ts';
import { type PackedRows, packRows } from './pack.ts';
import { runWork, type Unfinished } from './share.ts';
import { multiplySimply } from './simple.ts';

/** The operands of a product of matrices of int8 or uint8 codes, with zero points. */
export interface CodedProduct {
  readonly a: NdArray;
  readonly b: NdArray;
  readonly aZero?: NdArray | undefined;
  readonly bZero?: NdArray | undefined;
  readonly shape: MatMulShape;
}

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
  const { dims, depth } = shape;
  const [aZeros, bZeros] = zerosOf({ a, b, aZero, bZero, shape });
  const isEmpty = productOf(dims) === 0 || depth === 0;
  if (!isEmpty && !fitsMatrix(depth)) return multiplySimply(a, b, aZeros, bZeros, shape);
  const sums = allocate('int32', dims, depth === 0 ? 'zeroed' : 'overwritten') as Int32Array;
  if (!isEmpty) runWork({ ...workOf(a, b, aZeros, bZeros, shape), result: { sums } }, isLasting(b.data));
  return sums;
}

/** What becomes of the same sums, of which columns are the channels. They are finished band by band, in a small memory. */
export function multiplyAndFinish(operands: CodedProduct, finish: Finish): NdArray {
  const { a, b, aZero, bZero, shape } = operands;
  const { dims, depth } = shape;
  const [aZeros, bZeros] = zerosOf(operands);
  const isEmpty = productOf(dims) === 0 || depth === 0;
  const work = isEmpty || !fitsMatrix(depth) ? undefined : workOf(a, b, aZeros, bZeros, shape);
  if (work === undefined || !fitsBands(work))
    return finishSums(multiplyBytes(a, b, aZero, bZero, shape), dims, finish, 1);
  const dtype = finishedType(finish);
  const target = allocate(dtype, dims, 'overwritten') as Numbers;
  runWork({ ...work, result: { finish, target } }, isLasting(b.data));
  return makeArray(dtype, dims, target);
}

function workOf(
  a: NdArray,
  b: NdArray,
  aZeros: ArrayLike<number>,
  bZeros: ArrayLike<number>,
  { rows, depth, columns, left, right }: MatMulShape,
): Unfinished<MatrixProduct> {
  const packed = packedOnce(b.data, `columns ${columns} ${zerosKey(bZeros)}`, () =>
    packMatrices(b, depth, columns, bZeros),
  );
  return {
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
  };
}

/** Zero points of the rows of a, and of the columns of b. */
function zerosOf({ a, b, aZero, bZero }: CodedProduct): [ArrayLike<number>, ArrayLike<number>] {
  return [
    fittingZeros(a, aZero, productOf(a.dims, 0, a.dims.length - 1)),
    fittingZeros(b, bZero, b.dims.at(-1) ?? 1),
  ];
}

function fittingZeros(x: NdArray, zero: NdArray | undefined, groups: number): ArrayLike<number> {
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
