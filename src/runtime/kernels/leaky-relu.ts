import { floats } from '../dtypes.ts';
import { mapElements, mapFloats } from '../elementwise.ts';
import { kernel } from '../kernel.ts';

/** y = x for x ≥ 0, α·x below. */
export const leakyRelu = kernel('LeakyRelu', {
  versions: [1, 6, 16],
  types: 'T -> T',
  where: { T: floats },
  run: ({ attributes: { alpha }, inputs: [x] }) =>
    x!.dtype === 'float32'
      ? mapFloats(x!, (from, to) => leak(from, to, alpha))
      : mapElements(x!, x!.dtype, (v) => (v < 0 ? alpha * v : v)),
});

function leak(x: Float32Array, y: Float32Array, alpha: number): void {
  for (let i = 0; i < y.length; i++) {
    const value = x[i]!;
    y[i] = value < 0 ? alpha * value : value;
  }
}
