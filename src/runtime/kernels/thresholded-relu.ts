import { floats } from '../dtypes.ts';
import { mapElements } from '../elementwise.ts';
import { kernel } from '../kernel.ts';

/** y = x above α, 0 elsewhere. */
export const thresholdedRelu = kernel('ThresholdedRelu', {
  versions: [10, 22],
  types: 'T -> T',
  where: { T: floats },
  run: ({ attributes: { alpha }, inputs: [x] }) => mapElements(x!, x!.dtype, (v) => (v > alpha ? v : 0)),
});
