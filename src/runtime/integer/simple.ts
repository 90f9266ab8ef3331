import { allocate, type NdArray, numbersOf, productOf } from '../array.ts';
import { type ConvolutionAttributes, checkConvolution } from '../convolution.ts';
import type { MatMulShape } from '../matmul.ts';
import { slideWindow, type Window } from '../window.ts';
import type { IntegerSums } from './convolve.ts';

/**
 * Integer products as the specification writes them down, one output element and one tap at a time, summed up in int32.
 *
 * This is what the fast kernels are held to, bit by bit.
 */

/** As `convolveBytes`. */
export function convolveSimply(
  x: NdArray,
  w: NdArray,
  attributes: ConvolutionAttributes,
  xZero: number,
  wZeros: ArrayLike<number>,
): IntegerSums {
  checkConvolution(x, w, attributes);
  const [batch, channels, ...lengths] = x.dims as [number, number, ...number[]];
  const [filters, depth, ...kernel] = w.dims as [number, number, ...number[]];
  const { group = 1 } = attributes;
  const window = slideWindow(lengths, kernel, attributes);
  const dims = [batch, filters, ...window.output];
  const sums = allocate('int32', dims) as Int32Array;
  const xs = numbersOf(x);
  const ws = numbersOf(w);
  const size = productOf(lengths);
  const taps = productOf(kernel);
  const outputs = productOf(window.output);
  for (let position = 0; position < outputs; position++) {
    const seen = tapsInside(window, lengths, position);
    for (let n = 0; n < batch; n++) {
      for (let f = 0; f < filters; f++) {
        const first = n * channels + Math.floor(f / (filters / group)) * depth;
        const wZero = wZeros[f % wZeros.length]!;
        let sum = 0;
        for (let c = 0; c < depth; c++) {
          for (const [tap, at] of seen) {
            const weight = ws[(f * depth + c) * taps + tap]! - wZero;
            sum = (sum + Math.imul(xs[(first + c) * size + at]! - xZero, weight)) | 0;
          }
        }
        sums[(n * filters + f) * outputs + position] = sum;
      }
    }
  }
  return { sums, dims };
}

/** The taps of a window at an output position that lie within the image, and where. */
function tapsInside(
  { kernel, strides, dilations, padsBegin, output }: Window,
  lengths: readonly number[],
  position: number,
): [tap: number, at: number][] {
  const origin = coordinates(position, output).map((o, i) => o * strides[i]! - padsBegin[i]!);
  const inside: [number, number][] = [];
  for (let tap = 0; tap < productOf(kernel); tap++) {
    const at = coordinates(tap, kernel).map((t, i) => origin[i]! + t * dilations[i]!);
    if (at.every((a, i) => a >= 0 && a < lengths[i]!))
      inside.push([tap, at.reduce((sum, a, i) => sum * lengths[i]! + a, 0)]);
  }
  return inside;
}

/** The coordinates of a row-major index. */
function coordinates(index: number, dims: readonly number[]): number[] {
  return dims.map((length, i) => Math.floor(index / productOf(dims, i + 1)) % length);
}

/** As `multiplyBytes`. */
export function multiplySimply(
  a: NdArray,
  b: NdArray,
  aZeros: ArrayLike<number>,
  bZeros: ArrayLike<number>,
  { rows, depth, columns, left, right, dims }: MatMulShape,
): Int32Array {
  const sums = allocate('int32', dims) as Int32Array;
  const as = numbersOf(a);
  const bs = numbersOf(b);
  let to = 0;
  for (let n = 0; n < left.length; n++) {
    for (let i = 0; i < rows; i++) {
      const start = left[n]! + i * depth;
      const aZero = aZeros[(start / Math.max(depth, 1)) % aZeros.length]!;
      for (let j = 0; j < columns; j++) {
        const bZero = bZeros[j % bZeros.length]!;
        let sum = 0;
        for (let k = 0; k < depth; k++)
          sum = (sum + Math.imul(as[start + k]! - aZero, bs[right[n]! + k * columns + j]! - bZero)) | 0;
        sums[to++] = sum;
      }
    }
  }
  return sums;
}
