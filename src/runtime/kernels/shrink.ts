import { isWide } from '../array.ts';
import { numeric } from '../dtypes.ts';
import { mapElements } from '../elementwise.ts';
import { kernel } from '../kernel.ts';

/** y = x + bias below −λ, x − bias above λ, 0 between. */
export const shrink = kernel('Shrink', {
  versions: [9],
  types: 'T -> T',
  where: { T: numeric.filter((dtype) => !isWide(dtype)) },
  run: ({ attributes: { bias, lambd }, inputs: [x] }) =>
    mapElements(x!, x!.dtype, (v) => (v < -lambd ? v + bias : v > lambd ? v - bias : 0)),
});
