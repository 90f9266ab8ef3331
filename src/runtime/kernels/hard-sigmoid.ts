import { floats } from '../dtypes.ts';
import { mapElements } from '../elementwise.ts';
import { kernel } from '../kernel.ts';

/** y = max(0, min(1, α·x + β)) */
export const hardSigmoid = kernel('HardSigmoid', {
  versions: [1, 6, 22],
  types: 'T -> T',
  where: { T: floats },
  run: ({ attributes: { alpha, beta }, inputs: [x] }) =>
    mapElements(x!, x!.dtype, (v) => Math.max(0, Math.min(1, alpha * v + beta))),
});
