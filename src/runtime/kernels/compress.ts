import { arrayOf, cellsOf, normalAxis, reshaped, sizeOf } from '../array.ts';
import { movable } from '../dtypes.ts';
import { kernel } from '../kernel.ts';
import { gatherAlong } from './gather.ts';

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
    return gatherAlong(x, axis, arrayOf('int64', [chosen.length], chosen));
  },
});
