import { floats } from '../dtypes.ts';
import { mapElements } from '../elementwise.ts';
import { kernel } from '../kernel.ts';
import { errorFunction } from '../special.ts';

/** y = x·Φ(x), exactly by erf, or by the tanh formula. */
export const gelu = kernel('Gelu', {
  versions: [20],
  types: 'T -> T',
  where: { T: floats },
  run: ({ attributes: { approximate }, inputs: [x] }) =>
    mapElements(x!, x!.dtype, approximate === 'tanh' ? tanhGelu : exactGelu),
});

/** The same before it became standard. */
export const microsoftGelu = kernel<string>('Gelu', {
  domain: 'com.microsoft',
  versions: [1],
  types: 'T -> T',
  where: { T: floats },
  run: ({ inputs: [x] }) => mapElements(x!, x!.dtype, exactGelu),
});

export function exactGelu(x: number): number {
  return 0.5 * x * (1 + errorFunction(x * Math.SQRT1_2));
}

export function tanhGelu(x: number): number {
  return 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));
}
