import { floats } from '../dtypes.ts';
import { mapElements } from '../elementwise.ts';
import { kernel } from '../kernel.ts';

/** y = x · sigmoid(α·x) */
export const swish = kernel('Swish', {
  versions: [24],
  types: 'T -> T',
  where: { T: floats },
  run: ({ attributes: { alpha }, inputs: [x] }) =>
    mapElements(x!, x!.dtype, (v) => v / (1 + Math.exp(-alpha * v))),
});
