import { ModelError } from '../../support/errors.ts';
import { allocateCells, cellsOf, integersOf, makeArray, normalAxis, productOf } from '../array.ts';
import { movable, numeric } from '../dtypes.ts';
import { kernel } from '../kernel.ts';

/** The on value where the index along a new axis is the given one, the off value elsewhere (also for indices outside). */
export const oneHot = kernel('OneHot', {
  versions: [9, 11, 28],
  types: 'I, D, T -> T',
  where: { I: numeric, D: numeric, T: movable },
  run({ attributes, inputs: [picks, depthInput, values] }) {
    const depth = integersOf(depthInput!)[0]!;
    const [off, on] = [cellsOf(values!)[0], cellsOf(values!)[1]];
    if (off === undefined || on === undefined || depth < 0)
      throw new ModelError(
        'shape-mismatch',
        `OneHot needs an off and an on value and a depth, not ${depth}.`,
      );
    const axis = normalAxis(attributes.axis, picks!.dims.length, 1);
    const dims = [...picks!.dims.slice(0, axis), depth, ...picks!.dims.slice(axis)];
    const target = allocateCells(values!.dtype, dims);
    const inner = productOf(picks!.dims, axis);
    for (let i = 0; i < target.length; i++) target[i] = off;
    integersOf(picks!).forEach((index, i) => {
      const at = index < 0 ? index + depth : index;
      if (at >= 0 && at < depth) target[(Math.floor(i / inner) * depth + at) * inner + (i % inner)] = on;
    });
    return makeArray(values!.dtype, dims, target);
  },
});
