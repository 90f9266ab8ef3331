import { ModelError } from '../../support/errors.ts';
import { productOf, reshaped } from '../array.ts';
import { anything } from '../dtypes.ts';
import { kernel } from '../kernel.ts';

/** A matrix: the axes before `axis` are the rows, the rest the columns. */
export const flatten = kernel('Flatten', {
  versions: [1, 9, 11, 13, 21, 23, 24, 25],
  types: 'T -> T',
  where: { T: anything },
  run({ attributes: { axis }, inputs: [x] }) {
    const rank = x!.dims.length;
    const split = axis < 0 ? axis + rank : axis;
    if (split < 0 || split > rank)
      throw new ModelError('axis-out-of-range', `Axis ${axis} is outside [${x!.dims}].`);
    return reshaped(x!, [productOf(x!.dims, 0, split), productOf(x!.dims, split)]);
  },
});
