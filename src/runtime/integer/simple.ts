import { allocate, type NdArray, numbersOf } from '../array.ts';
import { type ConvolutionAttributes, checkConvolution } from '../convolution.ts';
import type { MatMulShape } from '../matmul.ts';
import { slideWindow } from '../window.ts';
import type { IntegerSums } from './convolve.ts';

/**
 * Integer products as the specification writes them down, one output element and one tap at a time, summed up in int32.
 *
 * This is what the fast kernels are held to, bit by bit.
 */

/** As `convolveBytes`, for images of two dimensions. */
export function convolveSimply(
  x: NdArray,
  w: NdArray,
  attributes: ConvolutionAttributes,
  xZero: number,
  wZeros: ArrayLike<number>,
): IntegerSums {
  checkConvolution(x, w, attributes);
  const [batch, channels, height, width] = x.dims as [number, number, number, number];
  const [filters, depth, kernelHeight, kernelWidth] = w.dims as [number, number, number, number];
  const { group = 1 } = attributes;
  const window = slideWindow([height, width], [kernelHeight, kernelWidth], attributes);
  const [outputHeight, outputWidth] = window.output as [number, number];
  const dims = [batch, filters, outputHeight, outputWidth];
  const sums = allocate('int32', dims) as Int32Array;
  const xs = numbersOf(x);
  const ws = numbersOf(w);
  let to = 0;
  for (let n = 0; n < batch; n++) {
    for (let f = 0; f < filters; f++) {
      const first = Math.floor(f / (filters / group)) * depth;
      const wZero = wZeros[f % wZeros.length]!;
      for (let oy = 0; oy < outputHeight; oy++) {
        for (let ox = 0; ox < outputWidth; ox++) {
          let sum = 0;
          for (let c = 0; c < depth; c++) {
            for (let ky = 0; ky < kernelHeight; ky++) {
              const y = oy * window.strides[0]! + ky * window.dilations[0]! - window.padsBegin[0]!;
              for (let kx = 0; kx < kernelWidth; kx++) {
                const at = ox * window.strides[1]! + kx * window.dilations[1]! - window.padsBegin[1]!;
                if (y < 0 || y >= height || at < 0 || at >= width) continue;
                const value = xs[((n * channels + first + c) * height + y) * width + at]! - xZero;
                const weight = ws[((f * depth + c) * kernelHeight + ky) * kernelWidth + kx]! - wZero;
                sum = (sum + Math.imul(value, weight)) | 0;
              }
            }
          }
          sums[to++] = sum;
        }
      }
    }
  }
  return { sums, dims };
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
