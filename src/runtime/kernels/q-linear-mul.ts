import type { NdArray } from '../array.ts';
import { bytes } from '../dtypes.ts';
import { zipElements } from '../elementwise.ts';
import { kernel } from '../kernel.ts';
import { nearest, quantizerOf } from '../qlinear.ts';

const { fround } = Math;

/** Product of codes: the exact integer product times one float32 factor, rounded half to even after the zero point. */
export const qLinearMul = kernel<string>('QLinearMul', {
  domain: 'com.microsoft',
  versions: [1],
  types: 'T, float32, T, T, float32, T, float32, T -> T',
  where: { T: bytes },
  run({ inputs }) {
    const [a, aScale, aZero, b, bScale, bZero, yScale, yZero] = inputs as readonly NdArray[];
    const left = quantizerOf(aScale!, aZero, a!.dtype);
    const right = quantizerOf(bScale!, bZero, a!.dtype);
    const product = quantizerOf(yScale!, yZero, a!.dtype);
    const factor = fround(fround(left.scale * right.scale) / product.scale);
    return zipElements(a!, b!, a!.dtype, (x, y) =>
      nearest(fround(fround((x - left.zero) * (y - right.zero) * factor) + product.zero), a!.dtype),
    );
  },
});
