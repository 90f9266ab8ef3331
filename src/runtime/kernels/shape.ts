import { arrayOf } from '../array.ts';
import { kernel } from '../kernel.ts';

/** The dims of a value, or those from `start` up to `end`. */
export const shape = kernel('Shape', {
  versions: [1, 13, 15, 19, 21, 23, 24, 25],
  types: '* -> int64',
  run({ attributes: { start, end }, inputs: [x] }) {
    const dims = x!.dims.slice(start ?? 0, end);
    return arrayOf('int64', [dims.length], dims);
  },
});
