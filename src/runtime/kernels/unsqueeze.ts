import { ModelError } from '../../support/errors.ts';
import { integersOf, normalAxis, reshaped } from '../array.ts';
import { anything } from '../dtypes.ts';
import { kernel } from '../kernel.ts';

/** Inserts axes of length 1 where the result has them (an attribute before version 13, an input from then on). */
export const unsqueeze = kernel('Unsqueeze', {
  versions: [1, 11, 13, 21, 23, 24, 25],
  types: 'T, int64 -> T',
  where: { T: anything },
  run({ attributes, inputs: [x, axesInput], version }) {
    const given = version >= 13 ? axesInput && integersOf(axesInput) : attributes.axes;
    if (given === undefined)
      throw new ModelError('missing-input', 'Unsqueeze is not told which axes to insert.');
    const rank = x!.dims.length + given.length;
    const axes = new Set(given.map((axis) => normalAxis(axis, rank)));
    if (axes.size !== given.length)
      throw new ModelError('shape-mismatch', `Axes [${given}] repeat themselves.`);
    const rest = [...x!.dims];
    return reshaped(
      x!,
      Array.from({ length: rank }, (_, axis) => (axes.has(axis) ? 1 : rest.shift()!)),
    );
  },
});
