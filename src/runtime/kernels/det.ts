import { ModelError } from '../../support/errors.ts';
import { allocateNumbers, doublesOf, makeArray } from '../array.ts';
import { floats } from '../dtypes.ts';
import { kernel } from '../kernel.ts';

/** The determinant of each square matrix. */
export const det = kernel('Det', {
  versions: [11, 22],
  types: 'T -> T',
  where: { T: floats },
  run({ inputs: [x] }) {
    const size = x!.dims.at(-1) ?? 0;
    if (x!.dims.length < 2 || x!.dims.at(-2) !== size)
      throw new ModelError('shape-mismatch', `Det needs square matrices, not [${x!.dims}].`);
    const dims = x!.dims.slice(0, -2);
    const values = doublesOf(x!);
    const target = allocateNumbers(x!.dtype, dims);
    for (let i = 0; i < target.length; i++)
      target[i] = determinant(values.subarray(i * size * size, (i + 1) * size * size), size);
    return makeArray(x!.dtype, dims, target);
  },
});

/** Gaussian elimination with the largest pivot of each column; overwrites the matrix. */
function determinant(matrix: Float64Array, size: number): number {
  let result = 1;
  for (let k = 0; k < size; k++) {
    let pivot = k;
    for (let row = k + 1; row < size; row++)
      if (Math.abs(matrix[row * size + k]!) > Math.abs(matrix[pivot * size + k]!)) pivot = row;
    const value = matrix[pivot * size + k]!;
    if (value === 0) return 0;
    result *= pivot === k ? value : -value;
    for (let column = k; column < size && pivot !== k; column++) {
      const swapped = matrix[k * size + column]!;
      matrix[k * size + column] = matrix[pivot * size + column]!;
      matrix[pivot * size + column] = swapped;
    }
    for (let row = k + 1; row < size; row++) {
      const factor = matrix[row * size + k]! / value;
      for (let column = k; column < size; column++)
        matrix[row * size + column]! -= factor * matrix[k * size + column]!;
    }
  }
  return result;
}
