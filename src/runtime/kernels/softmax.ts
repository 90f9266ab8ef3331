import { floats } from '../dtypes.ts';
import { type KernelCall, kernel } from '../kernel.ts';
import { alongAxis, largestIn } from '../softmax.ts';

/** y = e^x / Σ e^x along an axis. */
export const softmax = kernel('Softmax', {
  versions: [1, 11, 13],
  types: 'T -> T',
  where: { T: floats },
  run: (call) =>
    alongAxis(call as KernelCall, (vector) => {
      const top = largestIn(vector);
      let sum = 0;
      for (let i = 0; i < vector.length; i++) sum += vector[i] = Math.exp(vector[i]! - top);
      for (let i = 0; i < vector.length; i++) vector[i]! /= sum;
    }),
});
