import { allocateNumbers, makeArray, numbersOf } from '../array.ts';
import { convolve } from '../convolution.ts';
import { bytes } from '../dtypes.ts';
import { kernel } from '../kernel.ts';

/** Σ (x − x's zero point)·(w − w's zero point) in int32; padding counts as x's zero point. */
export const convInteger = kernel('ConvInteger', {
  versions: [10],
  types: 'X, W, X, W -> int32',
  where: { X: bytes, W: bytes },
  run({ attributes, inputs: [x, w, xZero, wZero] }) {
    const zero = xZero === undefined ? 0 : numbersOf(xZero)[0]!;
    const { sums, dims } = convolve(x!, w!, attributes, zero, wZero && numbersOf(wZero));
    const target = allocateNumbers('int32', dims);
    target.set(sums);
    return makeArray('int32', dims, target);
  },
});
