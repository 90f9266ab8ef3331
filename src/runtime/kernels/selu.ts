import { floats } from '../dtypes.ts';
import { mapElements } from '../elementwise.ts';
import { kernel } from '../kernel.ts';

/** y = γ·x for x > 0, γ·α·(e^x − 1) below. */
export const selu = kernel('Selu', {
  versions: [1, 6, 22],
  types: 'T -> T',
  where: { T: floats },
  run: ({ attributes: { alpha, gamma }, inputs: [x] }) =>
    mapElements(x!, x!.dtype, (v) => gamma * (v > 0 ? v : alpha * Math.expm1(v))),
});
