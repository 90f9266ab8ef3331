import { floats } from '../dtypes.ts';
import { mapElements } from '../elementwise.ts';
import { kernel } from '../kernel.ts';

/** y = x for x ≥ 0, α·x below. */
export const leakyRelu = kernel('LeakyRelu', {
  versions: [1, 6, 16],
  types: 'T -> T',
  where: { T: floats },
  run: ({ attributes: { alpha }, inputs: [x] }) => mapElements(x!, x!.dtype, (v) => (v < 0 ? alpha * v : v)),
});
