import { ModelError } from '../../support/errors.ts';
import { allocate, type NdArray, numbersOf, productOf } from '../array.ts';
import type { MatMulShape } from '../matmul.ts';
import { packedOnce } from './cache.ts';
import { bytesOf, meaningOf } from './codes.ts';
import { zerosKey } from './convolve.ts';
import { gatherRow, gatherSteps, meaning } from './gather.ts';
import { type Gather, multiplyPacked } from './multiply.ts';
import { type PackedRows, packRows } from './pack.ts';

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
  const sums = allocate('int32', dims) as Int32Array;
  if (sums.length === 0 || depth === 0) return sums;
  const packed = packedOnce(b.data, `columns ${columns} ${zerosKey(bZeros)}`, () =>
    packMatrices(b, depth, columns, bZeros),
  );
  const gather = rowGatherer(a, aZeros, depth);
  for (let n = 0; n < left.length; n++) {
    const first = left[n]! / depth;
    multiplyPacked(packed[right[n]! / (depth * columns)]!, rows, gather(first, rows), sums, {
      at: n * rows * columns,
      rowStep: 1,
      columnStep: columns,
    });
  }
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

/** Columns of the product are rows of a: rows `first` to `first + rows`, counted over all matrices. */
function rowGatherer(
  a: NdArray,
  zeros: ArrayLike<number>,
  depth: number,
): (first: number, rows: number) => Gather {
  const bytes = bytesOf(a);
  const meanings = Array.from(zeros, (zero) => meaningOf(a, zero));
  meaning.set(meanings[0]!);
  const alike = new Set(Array.from(zeros)).size === 1;
  return (first, rows) => (column, from, to, offset) => {
    const row = (j: number) => first + Math.min(column + j, rows - 1);
    const start = (j: number) => row(j) * depth + from;
    if (alike) gatherSteps(bytes, start(0), start(1), start(2), 1, to - from, offset);
    else
      for (let j = 0; j < 3; j++)
        gatherRow(bytes, start(j), to - from, meanings[row(j) % meanings.length]!, offset + j);
  };
}
