import { ModelError } from '../../support/errors.ts';
import { integersOf, normalAxis, reshaped } from '../array.ts';
import { anything } from '../dtypes.ts';
import { kernel } from '../kernel.ts';

/** Removes axes of length 1: those named (an attribute before version 13, an input from then on), or all. */
export const squeeze = kernel('Squeeze', {
  versions: [1, 11, 13, 21, 23, 24, 25],
  types: 'T, int64 -> T',
  where: { T: anything },
  run({ attributes, inputs: [x, axesInput], version }) {
    const { dims } = x!;
    const given = version >= 13 ? axesInput && integersOf(axesInput) : attributes.axes;
    const axes = new Set(given?.map((axis) => normalAxis(axis, dims.length)));
    for (const axis of axes) {
      if (dims[axis] !== 1)
        throw new ModelError('shape-mismatch', `Axis ${axis} of [${dims}] cannot be squeezed: it is not 1.`);
    }
    return reshaped(
      x!,
      dims.filter((length, axis) => (given === undefined ? length !== 1 : !axes.has(axis))),
    );
  },
});
