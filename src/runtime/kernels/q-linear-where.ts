import type { NdArray } from '../array.ts';
import { bytes } from '../dtypes.ts';
import { kernel } from '../kernel.ts';
import { mapCodes, quantizerOf } from '../qlinear.ts';
import { selectElements } from '../select.ts';

/** Codes of x where the condition holds, of y elsewhere, both brought to the quantizer of the result. */
export const qLinearWhere = kernel<string>('QLinearWhere', {
  domain: 'com.microsoft',
  versions: [1],
  types: 'bool, T, float32, T, T, float32, T, float32, T -> T',
  where: { T: bytes },
  run({ inputs, conventions: { rounding } }) {
    const [condition, x, xScale, xZero, y, yScale, yZero, zScale, zZero] = inputs as readonly NdArray[];
    const to = quantizerOf(zScale!, zZero, x!.dtype);
    const same = (real: number) => real;
    return selectElements(
      condition!,
      mapCodes(x!, quantizerOf(xScale!, xZero, x!.dtype), to, same, rounding),
      mapCodes(y!, quantizerOf(yScale!, yZero, x!.dtype), to, same, rounding),
    );
  },
});
