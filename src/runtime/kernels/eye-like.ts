import { type DataType, dataTypeFromCode } from '../../ir/index.ts';
import { ModelError } from '../../support/errors.ts';
import { arrayOf } from '../array.ts';
import { numeric } from '../dtypes.ts';
import { kernel } from '../kernel.ts';

/** A matrix of the same dims with ones on the k-th diagonal. */
export const eyeLike = kernel('EyeLike', {
  versions: [9, 22],
  types: 'T -> ?',
  where: { T: [...numeric, 'bool'] },
  outputTypes: ({ inputs: [x], attributes: { dtype } }) => [typeOf(x, dtype)],
  run({ attributes: { dtype, k }, inputs: [x] }) {
    const [rows, columns] = x!.dims as [number, number];
    if (x!.dims.length !== 2)
      throw new ModelError('shape-mismatch', `EyeLike needs a matrix, not [${x!.dims}].`);
    const cells = Array.from({ length: rows * columns }, (_, i) =>
      Number((i % columns) - Math.floor(i / columns) === k),
    );
    return arrayOf(typeOf(x!.dtype, dtype)!, x!.dims, cells);
  },
});

function typeOf(input: DataType | undefined, dtype: unknown): DataType | undefined {
  return dtype === undefined ? input : dataTypeFromCode(dtype as number);
}
