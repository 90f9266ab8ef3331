import type { NdArray } from '../array.ts';
import { bytes } from '../dtypes.ts';
import { meaningOf } from '../integer/codes.ts';
import { kernel } from '../kernel.ts';
import { type CodeLoop, quantizerOf, roundHalfEven, zipCodes, zipReals } from '../qlinear.ts';

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
      loop: multiplyLoop(factor, zero),
    });
  },
});

function multiplyLoop(givenFactor: number, givenZero: number): CodeLoop {
  return (x, y, left, right, target, min, max) => {
    // Numbers of the closure are loaded anew for each element, those of the function are not.
    const [factor, zero] = [givenFactor, givenZero];
    for (let i = 0; i < target.length; i++) {
      let value = fround(fround(left[x[i]!]! * right[y[i]!]! * factor) + zero);
      if (value > max) value = max;
      if (!(value > min)) value = min;
      target[i] = roundHalfEven(value);
    }
  };
}
