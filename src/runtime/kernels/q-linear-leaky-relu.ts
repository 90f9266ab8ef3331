import type { NdArray } from '../array.ts';
import { bytes } from '../dtypes.ts';
import { kernel } from '../kernel.ts';
import { mapCodes, quantizerOf } from '../qlinear.ts';

/** Codes of x for x ≥ 0, of α·x below. */
export const qLinearLeakyRelu = kernel<string>('QLinearLeakyRelu', {
  domain: 'com.microsoft',
  versions: [1],
  types: 'T, float32, T, float32, T -> T',
  where: { T: bytes },
  run({ attributes, inputs, conventions: { rounding } }) {
    const [x, xScale, xZero, yScale, yZero] = inputs as readonly NdArray[];
    const from = quantizerOf(xScale!, xZero, x!.dtype);
    const to = quantizerOf(yScale!, yZero, x!.dtype);
    const alpha = (attributes['alpha'] as number | undefined) ?? Math.fround(0.01);
    return mapCodes(x!, from, to, (real) => (real >= 0 ? real : Math.fround(real * alpha)), rounding);
  },
});
