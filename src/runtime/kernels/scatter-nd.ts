import { ModelError } from '../../support/errors.ts';
import { cellsOf, integersOf, makeArray, productOf } from '../array.ts';
import { movable } from '../dtypes.ts';
import { normalIndex } from '../indexing.ts';
import { kernel } from '../kernel.ts';
import { copyOf, scatterReduction } from '../scatter.ts';

/** A copy of x in which slices, named by tuples of indices, are replaced or combined with updates. */
export const scatterNd = kernel('ScatterND', {
  versions: [11, 13, 16, 18],
  types: 'T, int64, T -> T',
  where: { T: movable },
  run({ attributes, inputs: [x, tuples, updates] }) {
    const width = tuples!.dims.at(-1) ?? 0;
    const run = productOf(x!.dims, width);
    const count = productOf(tuples!.dims, 0, tuples!.dims.length - 1);
    if (width > x!.dims.length || productOf(updates!.dims) !== count * run) {
      throw new ModelError(
        'shape-mismatch',
        `Index tuples [${tuples!.dims}] and updates [${updates!.dims}] do not fit x [${x!.dims}].`,
      );
    }
    const combine = scatterReduction(attributes.reduction ?? 'none', x!.dtype);
    const values = integersOf(tuples!);
    const target = copyOf(x!);
    const source = cellsOf(updates!);
    for (let t = 0; t < count; t++) {
      let position = 0;
      for (let k = 0; k < width; k++)
        position = position * x!.dims[k]! + normalIndex(values[t * width + k]!, x!.dims[k]!);
      for (let i = 0; i < run; i++)
        target[position * run + i] = combine(target[position * run + i]!, source[t * run + i]!);
    }
    return makeArray(x!.dtype, x!.dims, target);
  },
});
