import type { NdArray } from '../array.ts';
import { bytes } from '../dtypes.ts';
import { meaningOf } from '../integer/codes.ts';
import { kernel } from '../kernel.ts';
import { quantizerOf, zipCodes, zipReals } from '../qlinear.ts';

const { fround } = Math;

/** Product of codes: the exact integer product times one float32 factor, rounded half to even after the zero point. */
export const qLinearMul = kernel<string>('QLinearMul', {
  domain: 'com.microsoft',
  versions: [1],
  types: 'T, float32, T, T, float32, T, float32, T -> T',
  where: { T: bytes },
  run({ inputs, conventions: { rounding } }) {
    const [a, aScale, aZero, b, bScale, bZero, yScale, yZero] = inputs as readonly [NdArray, ...NdArray[]];
    const left = quantizerOf(aScale!, aZero, a.dtype);
    const right = quantizerOf(bScale!, bZero, a.dtype);
    const product = quantizerOf(yScale!, yZero, a.dtype);
    if (rounding !== 'onnxruntime') return zipReals(a, b!, [left, right, product], rounding, (x, y) => x * y);
    const factor = fround(fround(left.scale * right.scale) / product.scale);
    const { zero } = product;
    return zipCodes(a, b!, a.dtype, {
      left: meaningOf(a, left.zero),
      right: meaningOf(b!, right.zero),
      combine: (x, y) => fround(fround(x * y * factor) + zero),
    });
  },
});
