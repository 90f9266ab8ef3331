import { ModelError } from '../../support/errors.ts';
import { allocateCells, cellsOf, integersOf, makeArray, stridesOf } from '../array.ts';
import { movable } from '../dtypes.ts';
import { kernel } from '../kernel.ts';

/** Turns round the first so many elements along the time axis, for each index of the batch axis its own number. */
export const reverseSequence = kernel('ReverseSequence', {
  versions: [10, 28],
  types: 'T, int64 -> T',
  where: { T: movable },
  run({ attributes: { batch_axis, time_axis }, inputs: [x, lengthsInput] }) {
    const { dims, dtype } = x!;
    const lengths = integersOf(lengthsInput!);
    if (lengths.length !== dims[batch_axis] || lengths.some((n) => n < 0 || n > dims[time_axis]!)) {
      throw new ModelError('shape-mismatch', `Sequence lengths [${lengths}] do not fit [${dims}].`);
    }
    const strides = stridesOf(dims);
    const source = cellsOf(x!);
    const target = allocateCells(dtype, dims);
    for (let i = 0; i < target.length; i++) {
      const time = Math.floor(i / strides[time_axis]!) % dims[time_axis]!;
      const length = lengths[Math.floor(i / strides[batch_axis]!) % dims[batch_axis]!]!;
      const from = time < length ? length - 1 - time : time;
      target[i] = source[i + (from - time) * strides[time_axis]!]!;
    }
    return makeArray(dtype, dims, target);
  },
});
