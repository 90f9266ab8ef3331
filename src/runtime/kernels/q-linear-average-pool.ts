import { ModelError } from '../../support/errors.ts';
import { allocateNumbers, makeArray, type NdArray, numbersOf } from '../array.ts';
import { bytes } from '../dtypes.ts';
import { kernel } from '../kernel.ts';
import { type PoolAttributes, pool } from '../pool.ts';
import { codeOf, quantizerOf, realOf } from '../qlinear.ts';

/** Codes of the average of each window, summed up in float32. */
export const qLinearAveragePool = kernel<string>('QLinearAveragePool', {
  domain: 'com.microsoft',
  versions: [1],
  types: 'T, float32, T, float32, T -> T',
  where: { T: bytes },
  check({ attributes }) {
    if (attributes['channels_last'] === 1)
      throw new ModelError('unsupported-attribute', 'QLinearAveragePool is run with channels_last=0 only.');
  },
  run({ attributes, inputs, conventions: { rounding } }) {
    const [x, xScale, xZero, yScale, yZero] = inputs as readonly NdArray[];
    const from = quantizerOf(xScale!, xZero, x!.dtype);
    const to = quantizerOf(yScale!, yZero, x!.dtype);
    const reals = allocateNumbers('float32', x!.dims);
    const source = numbersOf(x!);
    for (let i = 0; i < reals.length; i++) reals[i] = realOf(from, source[i]!);
    const includePad = attributes['count_include_pad'] === 1;
    const averages = pool(
      makeArray('float32', x!.dims, reals),
      attributes as unknown as PoolAttributes,
      (values, base, { positions, count, padded }) => {
        let sum = 0;
        for (let t = 0; t < count; t++) sum = Math.fround(sum + values[base + positions[t]!]!);
        return Math.fround(sum / (includePad ? padded : count));
      },
    );
    const codes = allocateNumbers(x!.dtype, averages.dims);
    const values = numbersOf(averages);
    for (let i = 0; i < codes.length; i++) codes[i] = codeOf(to, values[i]!, rounding);
    return makeArray(x!.dtype, averages.dims, codes);
  },
});
