import { floats } from '../dtypes.ts';
import { mapElements } from '../elementwise.ts';
import { kernel } from '../kernel.ts';

/** y = x for x ≥ 0, α·(e^x − 1) below. */
export const elu = kernel('Elu', {
  versions: [1, 6, 22],
  types: 'T -> T',
  where: { T: floats },
  run: ({ attributes: { alpha }, inputs: [x] }) =>
    mapElements(x!, x!.dtype, (v) => (v < 0 ? alpha * Math.expm1(v) : v)),
});
