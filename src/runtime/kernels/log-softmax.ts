import { floats } from '../dtypes.ts';
import { type KernelCall, kernel } from '../kernel.ts';
import { alongAxis, largestIn } from '../softmax.ts';

/** y = x − ln Σ e^x along an axis. */
export const logSoftmax = kernel('LogSoftmax', {
  versions: [1, 11, 13],
  types: 'T -> T',
  where: { T: floats },
  run: (call) =>
    alongAxis(call as KernelCall, (vector) => {
      const top = largestIn(vector);
      let sum = 0;
      for (const value of vector) sum += Math.exp(value - top);
      const offset = top + Math.log(sum);
      for (let i = 0; i < vector.length; i++) vector[i]! -= offset;
    }),
});
