import { floats } from '../dtypes.ts';
import { zipElements } from '../elementwise.ts';
import { kernel } from '../kernel.ts';
import { exactGelu } from './gelu.ts';

/** Gelu of the sum of an array and a vector. */
export const biasGelu = kernel<string>('BiasGelu', {
  domain: 'com.microsoft',
  versions: [1],
  types: 'T, T -> T',
  where: { T: floats },
  run: ({ inputs: [x, bias] }) => {
    const round = x!.dtype === 'float32' ? Math.fround : (value: number) => value;
    return zipElements(x!, bias!, x!.dtype, (a, b) => exactGelu(round(a + b)));
  },
});
