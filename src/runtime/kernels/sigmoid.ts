import { floats } from '../dtypes.ts';
import { mapElements, mapFloats } from '../elementwise.ts';
import { kernel } from '../kernel.ts';
import { logistic32 } from '../special.ts';

/** y = 1 / (1 + e^−x); for float32 by the rational function that ONNX Runtime uses. */
export const sigmoid = kernel('Sigmoid', {
  versions: [1, 6, 13],
  types: 'T -> T',
  where: { T: floats },
  run: ({ inputs: [x] }) =>
    x!.dtype === 'float32'
      ? mapFloats(x!, logistic)
      : mapElements(x!, x!.dtype, (v) => 1 / (1 + Math.exp(-v))),
});

function logistic(x: Float32Array, y: Float32Array): void {
  for (let i = 0; i < y.length; i++) y[i] = logistic32(x[i]!);
}
