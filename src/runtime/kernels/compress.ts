import { allocateCells, cellsOf, makeArray, normalAxis, productOf, reshaped, sizeOf } from '../array.ts';
import { movable } from '../dtypes.ts';
import { kernel } from '../kernel.ts';

/** The slices along an axis (or the elements) whose condition holds; a short condition is false at the end. */
export const compress = kernel('Compress', {
  versions: [9, 11, 28],
  types: 'T, bool -> T',
  where: { T: movable },
  run({ attributes, inputs: [given, condition] }) {
    const x = attributes.axis === undefined ? reshaped(given!, [sizeOf(given!)]) : given!;
    const axis = normalAxis(attributes.axis ?? 0, x.dims.length);
    const length = x.dims[axis]!;
    const flags = cellsOf(condition!);
    const chosen = Array.from({ length }, (_, i) => i).filter((i) => flags[i]);
    const dims = x.dims.map((d, i) => (i === axis ? chosen.length : d));
    const inner = productOf(x.dims, axis + 1);
    const outer = productOf(x.dims, 0, axis);
    const source = cellsOf(x);
    const target = allocateCells(x.dtype, dims);
    let to = 0;
    for (let row = 0; row < outer; row++)
      for (const index of chosen)
        for (let i = 0; i < inner; i++) target[to++] = source[(row * length + index) * inner + i]!;
    return makeArray(x.dtype, dims, target);
  },
});
