import { makeArray, type NdArray, numbersOf, productOf } from './array.ts';
import type { ConvolutionAttributes } from './convolution.ts';
import { convolveFloats } from './float/convolve.ts';
import { multiplyFloats } from './float/matmul.ts';
import { inDouble } from './float/sums.ts';
import type { MatMulShape } from './matmul.ts';

/** Sums of a convolution, [N, M, …output]. */
export interface ExactSums {
  readonly sums: Float64Array;
  readonly dims: readonly number[];
}

/**
 * Σ (x − xZero)·(w − wZero) of integers in double, exact up to 2^53, over the channels of a group and the taps of the window;
 * padding counts as zero.
 *
 * @param wZeros one zero point, or one per output channel
 */
export function convolveExactly(
  x: NdArray,
  w: NdArray,
  attributes: ConvolutionAttributes,
  xZero = 0,
  wZeros: ArrayLike<number> = [0],
): ExactSums {
  const size = productOf(w.dims, 1);
  const left = Float64Array.from(numbersOf(x), (code) => code - xZero);
  const right = Float64Array.from(
    numbersOf(w),
    (code, i) => code - wZeros[Math.floor(i / size) % wZeros.length]!,
  );
  const product = convolveFloats(
    makeArray('float64', x.dims, left),
    makeArray('float64', w.dims, right),
    undefined,
    attributes,
    'double',
  );
  return { sums: product.data as Float64Array, dims: product.dims };
}

/** Products of matrices of integers in double, all batches one after another. */
export function multiplyExactly(a: Float64Array, b: Float64Array, shape: MatMulShape): Float64Array {
  const left = makeArray('float64', [a.length], a);
  const right = makeArray('float64', [b.length], b);
  return multiplyFloats(left, right, shape, inDouble).data as Float64Array;
}
