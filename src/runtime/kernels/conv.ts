import { floats } from '../dtypes.ts';
import { convolveFloats } from '../float/convolve.ts';
import { kernel } from '../kernel.ts';

/** Convolution over any number of spatial axes; the bias is added to the sum of the products. */
export const conv = kernel('Conv', {
  versions: [1, 11, 22],
  types: 'T, T, T -> T',
  where: { T: floats },
  run: ({ attributes, inputs: [x, w, bias], conventions }) =>
    convolveFloats(x!, w!, bias, attributes, conventions.sums),
});
