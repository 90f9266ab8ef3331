import { ModelError } from '../../support/errors.ts';
import { stridesOf } from '../array.ts';
import { movable } from '../dtypes.ts';
import { kernel } from '../kernel.ts';
import { copyStrided } from '../strided.ts';

/** Axes in another order; reversed unless `perm` says otherwise. */
export const transpose = kernel('Transpose', {
  versions: [1, 13, 21, 23, 24, 25],
  types: 'T -> T',
  where: { T: movable },
  run({ attributes: { perm }, inputs: [x] }) {
    const { dims } = x!;
    const order = perm ?? dims.map((_, i) => dims.length - 1 - i);
    if (order.length !== dims.length || !dims.every((_, axis) => order.includes(axis))) {
      throw new ModelError('shape-mismatch', `perm [${order}] is no order of the axes of [${dims}].`);
    }
    const strides = stridesOf(dims);
    return copyStrided(
      x!,
      order.map((axis) => dims[axis]!),
      order.map((axis) => strides[axis]!),
    );
  },
});
