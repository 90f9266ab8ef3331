import { floats } from '../dtypes.ts';
import { type KernelCall, kernel } from '../kernel.ts';
import { alongAxis, largestIn } from '../softmax.ts';

/** 1 for the first of the largest elements along an axis, 0 elsewhere. */
export const hardmax = kernel('Hardmax', {
  versions: [1, 11, 13],
  types: 'T -> T',
  where: { T: floats },
  run: (call) =>
    alongAxis(call as KernelCall, (vector) => {
      const at = vector.indexOf(largestIn(vector));
      vector.fill(0);
      if (at >= 0) vector[at] = 1;
    }),
});
