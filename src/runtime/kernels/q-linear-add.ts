import type { NdArray } from '../array.ts';
import { bytes } from '../dtypes.ts';
import { meaningOf } from '../integer/codes.ts';
import { kernel } from '../kernel.ts';
import { type CodeLoop, quantizerOf, roundHalfEven, zipCodes, zipReals } from '../qlinear.ts';

const { fround } = Math;

/** Sum of codes: both sides brought to the scale of the sum in float32, rounded half to even after the zero point. */
export const qLinearAdd = kernel<string>('QLinearAdd', {
  domain: 'com.microsoft',
  versions: [1],
  types: 'T, float32, T, T, float32, T, float32, T -> T',
  where: { T: bytes },
  run({ inputs, conventions: { rounding } }) {
    const [a, aScale, aZero, b, bScale, bZero, yScale, yZero] = inputs as readonly [NdArray, ...NdArray[]];
    const left = quantizerOf(aScale!, aZero, a.dtype);
    const right = quantizerOf(bScale!, bZero, a.dtype);
    const sum = quantizerOf(yScale!, yZero, a.dtype);
    if (rounding !== 'onnxruntime') return zipReals(a, b!, [left, right, sum], rounding, (x, y) => x + y);
    const p = fround(left.scale / sum.scale);
    const q = fround(right.scale / sum.scale);
    // Fused multiply-adds in ONNX Runtime's order: where a's elements are stretched, the sides change places.
    const swapped = isStretched(a, b!);
    const [ax, bx] = [p * left.zero, q * right.zero];
    const fixed = fround(sum.zero - fround(swapped ? bx + fround(ax) : ax + fround(bx)));
    const first = (code: number, factor: number) => fround(fixed + code * factor);
    return zipCodes(a, b!, a.dtype, {
      left: meaningOf(a, 0).map((code) => (swapped ? first(code, p) : code * p)),
      right: meaningOf(b!, 0).map((code) => (swapped ? code * q : first(code, q))),
      combine: (x, y) => fround(x + y),
      loop: addLoop,
    });
  },
});

/** Whether one element of an array meets several of the other along the innermost axis that is longer than 1. */
function isStretched(array: NdArray, other: NdArray): boolean {
  const rank = Math.max(array.dims.length, other.dims.length);
  for (let back = 1; back <= rank; back++) {
    const [mine, theirs] = [array.dims.at(-back) ?? 1, other.dims.at(-back) ?? 1];
    if (mine !== 1 || theirs !== 1) return mine === 1;
  }
  return false;
}

const addLoop: CodeLoop = (x, y, left, right, target, min, max) => {
  for (let i = 0; i < target.length; i++) {
    let sum = fround(left[x[i]!]! + right[y[i]!]!);
    if (sum > max) sum = max;
    if (!(sum > min)) sum = min;
    target[i] = roundHalfEven(sum);
  }
};
