import { floats } from '../dtypes.ts';
import { mapElements } from '../elementwise.ts';
import { kernel } from '../kernel.ts';
import { logistic32 } from '../special.ts';

/** y = 1 / (1 + e^−x); for float32 by the rational function that ONNX Runtime uses. */
export const sigmoid = kernel('Sigmoid', {
  versions: [1, 6, 13],
  types: 'T -> T',
  where: { T: floats },
  run: ({ inputs: [x] }) =>
    mapElements(x!, x!.dtype, x!.dtype === 'float32' ? logistic32 : (v) => 1 / (1 + Math.exp(-v))),
});
