import { floats } from '../dtypes.ts';
import { mapElements, zipElements } from '../elementwise.ts';
import { kernel } from '../kernel.ts';
import { tanhGelu } from './gelu.ts';

/** Gelu by its tanh formula, of an array or of its sum with a vector. */
export const fastGelu = kernel<string>('FastGelu', {
  domain: 'com.microsoft',
  versions: [1],
  types: 'T, T -> T',
  where: { T: floats },
  run: ({ inputs: [x, bias] }) =>
    bias === undefined
      ? mapElements(x!, x!.dtype, tanhGelu)
      : zipElements(x!, bias, x!.dtype, (a, b) => tanhGelu(a + b)),
});
