import { ModelError } from '../../support/errors.ts';
import { allocate, type NdArray, numbersOf, productOf } from '../array.ts';
import type { MatMulShape } from '../matmul.ts';
import { packedOnce } from './cache.ts';
import { bytesOf } from './codes.ts';
import { zerosKey } from './convolve.ts';
import { gatherColumn, gatherSteps, setMeaning } from './gather.ts';
import { image, imageRoom } from './image.ts';
import { type Columns, multiplyPacked } from './multiply.ts';
import { type PackedRows, packRows } from './pack.ts';
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
  const sums = allocate('int32', dims) as Int32Array;
  if (sums.length === 0 || depth === 0) return sums;
  const packed = packedOnce(b.data, `columns ${columns} ${zerosKey(bZeros)}`, () =>
    packMatrices(b, depth, columns, bZeros),
  );
  const chunk = Math.floor(imageRoom / depth);
  if (chunk === 0) return multiplySimply(a, b, aZeros, bZeros, shape);
  const bytes = bytesOf(a);
  for (let n = 0; n < left.length; n++) {
    const matrix = packed[right[n]! / (depth * columns)]!;
    const first = left[n]! / depth;
    for (let row = 0; row < rows; row += chunk) {
      const count = Math.min(chunk, rows - row);
      const start = (first + row) * depth;
      image.set(bytes.subarray(start, start + count * depth));
      const source = rowsOf(a, first + row, count, depth, aZeros);
      const placement = { at: (n * rows + row) * columns, rowStep: 1, columnStep: columns };
      multiplyPacked(matrix, 0, columns, count, source, sums, placement);
    }
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

/** Columns of the product are the loaded rows of a, of which the first is row `first`, counted over all matrices. */
function rowsOf(a: NdArray, first: number, rows: number, depth: number, zeros: ArrayLike<number>): Columns {
  const signed = a.dtype === 'int8';
  const start = (row: number) => Math.min(row, rows - 1) * depth;
  if (Array.from(zeros).every((zero) => zero === zeros[0])) {
    setMeaning(signed, zeros[0]!);
    return {
      prepare: () => undefined,
      gather: (row, from, to, offset) =>
        gatherSteps(start(row) + from, start(row + 1) + from, start(row + 2) + from, 1, to - from, offset),
    };
  }
  return {
    prepare: () => undefined,
    gather(row, from, to, offset) {
      for (let j = 0; j < 3; j++) {
        const at = start(row + j);
        setMeaning(signed, zeros[(first + at / depth) % zeros.length]!);
        gatherColumn(at + from, to - from, offset + j);
      }
    },
  };
}
