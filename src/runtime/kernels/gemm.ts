import { ModelError } from '../../support/errors.ts';
import { allocateNumbers, makeArray, type NdArray, numbersOf } from '../array.ts';
import { broadcastDims, broadcastStrides } from '../broadcast.ts';
import type { SumConvention } from '../conventions.ts';
import { floats } from '../dtypes.ts';
import { type Lines, multiplySums } from '../float/matmul.ts';
import { summationOf } from '../float/sums.ts';
import { kernel } from '../kernel.ts';
import { positions } from '../padded.ts';

/** Y = α·A′·B′ + β·C */
export const gemm = kernel('Gemm', {
  versions: [1, 6, 7, 9, 11, 13],
  types: 'T, T, T -> T',
  where: { T: [...floats, 'int32', 'uint32'] },
  run: ({ attributes, inputs: [a, b, c], conventions }) =>
    generalProduct(a!, b!, c, attributes, conventions.sums),
});

interface GemmAttributes {
  readonly alpha: number;
  readonly beta: number;
  readonly transA: number;
  readonly transB: number;
}

/** @throws ModelError `shape-mismatch` */
export function generalProduct(
  a: NdArray,
  b: NdArray,
  c: NdArray | undefined,
  { alpha, beta, transA, transB }: GemmAttributes,
  sums: SumConvention,
): NdArray {
  const left = matrixOf(a, transA === 1);
  const right = matrixOf(b, transB === 1);
  if (left.columns !== right.rows) {
    throw new ModelError(
      'shape-mismatch',
      `Gemm cannot multiply A [${a.dims}]${transA === 1 ? ' transposed' : ''} and B [${b.dims}]${transB === 1 ? ' transposed' : ''}.`,
    );
  }
  const dims = [left.rows, right.columns];
  const product = multiplySums(
    linesOf(a, left.rows, left.rowStride, left.columnStride),
    linesOf(b, right.columns, right.columnStride, right.rowStride),
    left.columns,
    summationOf(a.dtype, sums),
  );
  const target = allocateNumbers(a.dtype, dims);
  const at = c && addendPositions(c, dims);
  const addend = c && numbersOf(c);
  for (let i = 0; i < target.length; i++)
    target[i] = alpha * product[i]! + (addend === undefined ? 0 : beta * addend[at![i]!]!);
  return makeArray(a.dtype, dims, target);
}

function matrixOf({ dims }: NdArray, transposed: boolean) {
  if (dims.length !== 2) throw new ModelError('shape-mismatch', `Gemm needs matrices, not [${dims}].`);
  const [rows, columns] = dims as [number, number];
  return transposed
    ? { rows: columns, columns: rows, rowStride: 1, columnStride: columns }
    : { rows, columns, rowStride: columns, columnStride: 1 };
}

function linesOf({ dtype, data }: NdArray, count: number, step: number, depthStep: number): Lines {
  const numbers = dtype.includes('int') ? Float64Array.from(data as Int32Array) : (data as Float32Array);
  return { data: numbers, start: 0, count, step, depthStep };
}

function addendPositions(c: NdArray, dims: readonly number[]): Int32Array {
  const common = broadcastDims(c.dims, dims);
  if (common.length !== 2 || common.some((d, i) => d !== dims[i])) {
    throw new ModelError('shape-mismatch', `C [${c.dims}] does not broadcast to [${dims}].`);
  }
  return positions(dims, broadcastStrides(c.dims, dims));
}
