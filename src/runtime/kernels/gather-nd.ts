import { ModelError } from '../../support/errors.ts';
import { allocateCells, cellsOf, integersOf, makeArray, productOf } from '../array.ts';
import { movable } from '../dtypes.ts';
import { normalIndex } from '../indexing.ts';
import { kernel } from '../kernel.ts';

/** Slices picked by tuples of indices, after `batch_dims` axes that data and indices share. */
export const gatherNd = kernel('GatherND', {
  versions: [11, 12, 13],
  types: 'T, int64 -> T',
  where: { T: movable },
  run({ attributes, inputs: [x, tuples] }) {
    const batch = attributes.batch_dims ?? 0;
    const width = tuples!.dims.at(-1);
    if (
      width === undefined ||
      batch + width > x!.dims.length ||
      batch >= tuples!.dims.length ||
      x!.dims.slice(0, batch).some((d, i) => d !== tuples!.dims[i])
    ) {
      throw new ModelError(
        'shape-mismatch',
        `Index tuples [${tuples!.dims}] do not fit x [${x!.dims}] with ${batch} batch axes.`,
      );
    }
    const dims = [...tuples!.dims.slice(0, -1), ...x!.dims.slice(batch + width)];
    const run = productOf(x!.dims, batch + width);
    const batchSize = productOf(x!.dims, batch);
    const batches = productOf(x!.dims, 0, batch);
    const values = integersOf(tuples!);
    const target = allocateCells(x!.dtype, dims);
    const source = cellsOf(x!);
    const count = productOf(tuples!.dims, 0, tuples!.dims.length - 1);
    const perBatch = count / batches;
    for (let t = 0; t < count; t++) {
      let position = 0;
      for (let k = 0; k < width; k++) {
        const length = x!.dims[batch + k]!;
        position = position * length + normalIndex(values[t * width + k]!, length);
      }
      const from = Math.floor(t / perBatch) * batchSize + position * run;
      for (let i = 0; i < run; i++) target[t * run + i] = source[from + i]!;
    }
    return makeArray(x!.dtype, dims, target);
  },
});
