import { ModelError } from '../../support/errors.ts';
import { allocateNumbers, cellsOf, makeArray, type NdArray, numbersOf } from '../array.ts';
import { broadcastDims, broadcastStrides } from '../broadcast.ts';
import { floats } from '../dtypes.ts';
import { multiplyPanels, packPanels, precisionOf } from '../gemm.ts';
import { kernel } from '../kernel.ts';
import { positions } from '../padded.ts';

/** Y = α·A′·B′ + β·C */
export const gemm = kernel('Gemm', {
  versions: [1, 6, 7, 9, 11, 13],
  types: 'T, T, T -> T',
  where: { T: [...floats, 'int32', 'uint32'] },
  run({ attributes: { alpha, beta, transA, transB }, inputs: [a, b, c] }) {
    const left = matrixOf(a!, transA === 1);
    const right = matrixOf(b!, transB === 1);
    if (left.columns !== right.rows) {
      throw new ModelError(
        'shape-mismatch',
        `Gemm cannot multiply A [${a!.dims}]${transA === 1 ? ' transposed' : ''} and B [${b!.dims}]${transB === 1 ? ' transposed' : ''}.`,
      );
    }
    const dims = [left.rows, right.columns];
    const depth = left.columns;
    const product = multiplyPanels(
      packPanels(cellsOf(a!), 0, left.rows, depth, left.rowStride, left.columnStride),
      packPanels(cellsOf(b!), 0, right.columns, depth, right.columnStride, right.rowStride),
      left.rows,
      right.columns,
      depth,
      precisionOf(a!.dtype),
    );
    const target = allocateNumbers(a!.dtype, dims);
    const at = c && addendPositions(c, dims);
    const addend = c && numbersOf(c);
    for (let i = 0; i < target.length; i++)
      target[i] = alpha * product[i]! + (addend === undefined ? 0 : beta * addend[at![i]!]!);
    return makeArray(a!.dtype, dims, target);
  },
});

function matrixOf({ dims }: NdArray, transposed: boolean) {
  if (dims.length !== 2) throw new ModelError('shape-mismatch', `Gemm needs matrices, not [${dims}].`);
  const [rows, columns] = dims as [number, number];
  return transposed
    ? { rows: columns, columns: rows, rowStride: 1, columnStride: columns }
    : { rows, columns, rowStride: columns, columnStride: 1 };
}

function addendPositions(c: NdArray, dims: readonly number[]): Int32Array {
  const common = broadcastDims(c.dims, dims);
  if (common.length !== 2 || common.some((d, i) => d !== dims[i])) {
    throw new ModelError('shape-mismatch', `C [${c.dims}] does not broadcast to [${dims}].`);
  }
  return positions(dims, broadcastStrides(c.dims, dims));
}
