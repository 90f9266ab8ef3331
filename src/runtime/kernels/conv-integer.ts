import { makeArray, numbersOf } from '../array.ts';
import { bytes } from '../dtypes.ts';
import { convolveBytes } from '../integer/convolve.ts';
import { kernel } from '../kernel.ts';
import { checkConvolutionSums } from '../overflow.ts';

/** Σ (x − x's zero point)·(w − w's zero point) in int32; padding counts as x's zero point. */
export const convInteger = kernel('ConvInteger', {
  versions: [10],
  types: 'X, W, X, W -> int32',
  where: { X: bytes, W: bytes },
  run({ attributes, inputs: [x, w, xZero, wZero], conventions }) {
    const zero = xZero === undefined ? 0 : numbersOf(xZero)[0]!;
    const wZeros = wZero && numbersOf(wZero);
    if (conventions.overflow === 'error')
      checkConvolutionSums({ x: x!, w: w!, attributes, xZero: zero, wZeros: wZeros ?? [0] });
    const { sums, dims } = convolveBytes(x!, w!, attributes, zero, wZeros);
    return makeArray('int32', dims, sums);
  },
});
