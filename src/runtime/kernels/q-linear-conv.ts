import { allocateNumbers, makeArray, numbersOf, productOf } from '../array.ts';
import { bytes } from '../dtypes.ts';
import { convolveBytes } from '../integer/convolve.ts';
import { kernel } from '../kernel.ts';
import { codeRange, requantize } from '../quantize.ts';

/**
 * Convolution of codes: int32 sums of (x − zero)·(w − zero) plus bias, times x_scale·w_scale / y_scale in float32, rounded
 * half to even, plus y's zero point, saturated.
 */
export const qLinearConv = kernel('QLinearConv', {
  versions: [10],
  types: 'X, float32, X, W, float32, W, float32, Y, int32 -> Y',
  where: { X: bytes, W: bytes, Y: bytes },
  run({ attributes, inputs }) {
    const [x, , , w, , , , yZero, bias] = inputs;
    const [xScale, xZero, wScale, wZero, yScale] = [1, 2, 4, 5, 6].map((i) => numbersOf(inputs[i]!));
    const { sums, dims } = convolveBytes(x!, w!, attributes, xZero![0]!, wZero!);
    const target = allocateNumbers(yZero!.dtype, dims);
    const range = codeRange(yZero!.dtype);
    const zero = numbersOf(yZero!)[0]!;
    const channels = dims[1]!;
    const size = productOf(dims, 2);
    const offsets = bias && numbersOf(bias);
    for (let start = 0, row = 0; start < sums.length; start += size, row++) {
      const channel = row % channels;
      const gain = Math.fround(xScale![0]! * (wScale!.length === 1 ? wScale![0]! : wScale![channel]!));
      const factor = Math.fround(gain / yScale![0]!);
      const offset = offsets?.[channel] ?? 0;
      for (let i = start; i < start + size; i++)
        target[i] = requantize((sums[i]! + offset) | 0, factor, zero, range.min, range.max);
    }
    return makeArray(yZero!.dtype, dims, target);
  },
});
