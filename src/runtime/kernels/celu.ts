import { floats } from '../dtypes.ts';
import { mapElements } from '../elementwise.ts';
import { kernel } from '../kernel.ts';

/** y = max(0, x) + min(0, α·(e^(x/α) − 1)) */
export const celu = kernel('Celu', {
  versions: [12, 28],
  types: 'T -> T',
  where: { T: floats },
  run: ({ attributes: { alpha }, inputs: [x] }) =>
    mapElements(x!, x!.dtype, (v) => (v < 0 ? alpha * Math.expm1(v / alpha) : v)),
});
