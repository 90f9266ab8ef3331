import type { NdArray } from '../array.ts';
import { bytes } from '../dtypes.ts';
import { zipElements } from '../elementwise.ts';
import { kernel } from '../kernel.ts';
import { nearest, quantizerOf } from '../qlinear.ts';

const { fround } = Math;

/** Sum of codes: both sides brought to the scale of the sum in float32, rounded half to even after the zero point. */
export const qLinearAdd = kernel<string>('QLinearAdd', {
  domain: 'com.microsoft',
  versions: [1],
  types: 'T, float32, T, T, float32, T, float32, T -> T',
  where: { T: bytes },
  run({ inputs }) {
    const [a, aScale, aZero, b, bScale, bZero, yScale, yZero] = inputs as readonly NdArray[];
    const left = quantizerOf(aScale!, aZero, a!.dtype);
    const right = quantizerOf(bScale!, bZero, a!.dtype);
    const sum = quantizerOf(yScale!, yZero, a!.dtype);
    const p = fround(left.scale / sum.scale);
    const q = fround(right.scale / sum.scale);
    const fixed = fround(sum.zero - fround(fround(p * left.zero) + fround(q * right.zero)));
    return zipElements(a!, b!, a!.dtype, (x, y) =>
      nearest(fround(fround(fixed + fround(x * p)) + fround(y * q)), a!.dtype),
    );
  },
});
