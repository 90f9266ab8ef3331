import type { NdArray } from '../array.ts';
import { bytes } from '../dtypes.ts';
import { kernel } from '../kernel.ts';
import { mapCodes, quantizerOf } from '../qlinear.ts';
import { logistic32 } from '../special.ts';

/** Codes of σ(x). */
export const qLinearSigmoid = kernel<string>('QLinearSigmoid', {
  domain: 'com.microsoft',
  versions: [1],
  types: 'T, float32, T, float32, T -> T',
  where: { T: bytes },
  run({ inputs, conventions: { rounding } }) {
    const [x, xScale, xZero, yScale, yZero] = inputs as readonly NdArray[];
    const from = quantizerOf(xScale!, xZero, x!.dtype);
    const to = quantizerOf(yScale!, yZero, x!.dtype);
    return mapCodes(x!, from, to, logistic32, rounding);
  },
});
