import { type ArrayData, allocateDoubles, allocateNumbers, makeArray, type NdArray } from '../array.ts';
import { outlasting, packedOnce } from '../integer/cache.ts';
import type { MatMulShape } from '../matmul.ts';
import { productRanges } from '../pieces.ts';
import { gatherFourSteps, gatherThreeSteps } from './gather.ts';
import { type Gather, multiplyPaired, type Placement } from './multiply.ts';
import { type PairedRows, pairRows } from './pack.ts';
import type { FloatArray } from './store.ts';
import { inDouble, oneRange, type Summation } from './sums.ts';

/** Where the elements of one side of a product lie: rows of the left matrix, columns of the right one. */
export interface Lines {
  readonly data: FloatArray;
  readonly start: number;
  readonly count: number;
  readonly step: number;
  readonly depthStep: number;
}

/** Products of float matrices as numpy multiplies them, summed up as told and stored in the type of `a`. */
export function multiplyFloats(a: NdArray, b: NdArray, shape: MatMulShape, summation: Summation): NdArray {
  const { depth, columns } = shape;
  const packed = packedOnce(b.data, `columns ${depth} ${columns}`, () => new Map<number, PairedRows>());
  return multiplyWithPairs(a, shape, summation, (start) => {
    const pairs =
      packed.get(start) ?? outlasting(b.data, () => pairColumns(b.data as FloatArray, start, depth, columns));
    packed.set(start, pairs);
    return pairs;
  });
}

/**
 * As `multiplyFloats`, with the columns of the right matrices packed already.
 *
 * @param pairsAt the packed columns of the matrix that starts at an element
 */
export function multiplyWithPairs(
  a: NdArray,
  { dims, rows, depth, columns, left, right }: MatMulShape,
  summation: Summation,
  pairsAt: (start: number) => PairedRows,
): NdArray {
  const target = allocateNumbers(a.dtype, dims) as FloatArray;
  const data = a.data as FloatArray;
  for (let n = 0; n < left.length; n++) {
    const place = { target, at: n * rows * columns, rowStep: 1, columnStep: columns };
    const lines = { data, start: left[n]!, count: rows, step: depth, depthStep: 1 };
    multiplyLines(lines, pairsAt(right[n]!), place, summation);
  }
  return makeArray(a.dtype, dims, target);
}

/** The columns of a matrix [depth, columns] in pairs. */
export function pairColumns(data: FloatArray, start: number, depth: number, columns: number): PairedRows {
  return pairRows({ data, start, rows: columns, depth, rowStep: 1, depthStep: columns });
}

/** The sums of one product as they are before they are stored, row by row. */
export function multiplySums(left: Lines, right: Lines, depth: number, summation: Summation): Float64Array {
  const target = allocateDoubles(left.count * right.count);
  const place = { target, at: 0, rowStep: 1, columnStep: right.count };
  multiplyLines(left, packLines(right, depth), place, summation);
  return target;
}

/** The columns of the right side are packed, as they are the constant in real networks; the rows of the left are gathered. */
function multiplyLines(left: Lines, right: PairedRows, place: Placement, summation: Summation): void {
  const { depth } = right;
  const gather = lineGatherer(left, summation.width);
  const ranges =
    summation === inDouble ? oneRange(right.rows, depth) : productRanges(left.count, right.rows, depth);
  for (const { start, end, piece } of ranges) {
    const part = { firstRow: start, endRow: end, firstColumn: 0, endColumn: left.count, piece };
    multiplyPaired(right, part, gather, place, summation);
  }
}

function packLines({ data, start, count, step, depthStep }: Lines, depth: number): PairedRows {
  return packedOnce(data as ArrayData, `lines ${start} ${count} ${step} ${depthStep}`, () =>
    pairRows({ data, start, rows: count, depth, rowStep: step, depthStep }),
  );
}

function lineGatherer({ data, start, count, step, depthStep }: Lines, width: number): Gather {
  return (column, from, to, offset) => {
    const line = (j: number) => start + Math.min(column + j, count - 1) * step + from * depthStep;
    if (width === 3) gatherThreeSteps(data, line(0), line(1), line(2), depthStep, to - from, offset);
    else gatherFourSteps(data, line(0), line(1), line(2), line(3), depthStep, to - from, offset);
  };
}
