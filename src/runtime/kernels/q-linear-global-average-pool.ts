import { allocateNumbers, type NdArray, numbersOf, productOf } from '../array.ts';
import { bytes } from '../dtypes.ts';
import { finishSums } from '../finish.ts';
import { kernel } from '../kernel.ts';
import { quantizerOf } from '../qlinear.ts';
import { requantizingFactor } from '../requantize.ts';

/** Codes of the average of each channel: exact sums, requantized once. */
export const qLinearGlobalAveragePool = kernel<string>('QLinearGlobalAveragePool', {
  domain: 'com.microsoft',
  versions: [1],
  types: 'T, float32, T, float32, T -> T',
  where: { T: bytes },
  run({ attributes, inputs, conventions: { rounding } }) {
    const [x, xScale, xZero, yScale, yZero] = inputs as readonly NdArray[];
    const last = attributes['channels_last'] === 1;
    const { dims, dtype } = x!;
    const from = quantizerOf(xScale!, xZero, dtype);
    const to = quantizerOf(yScale!, yZero, dtype);
    const channels = (last ? dims.at(-1) : dims[1])!;
    const size = last ? productOf(dims, 1, dims.length - 1) : productOf(dims, 2);
    const spatial = new Array<number>(dims.length - 2).fill(1);
    const out = last ? [dims[0]!, ...spatial, channels] : [dims[0]!, channels, ...spatial];
    const source = numbersOf(x!);
    const sums = allocateNumbers('int32', out, 'overwritten') as Int32Array;
    for (let row = 0; row < sums.length; row++) {
      const start = last ? Math.floor(row / channels) * size * channels + (row % channels) : row * size;
      let sum = 0;
      for (let i = 0; i < size; i++) sum += source[start + i * (last ? channels : 1)]! - from.zero;
      sums[row] = sum;
    }
    // ONNX Runtime divides by the scale times the count in float32.
    const factor =
      rounding === 'onnxruntime'
        ? Math.fround(from.scale / Math.fround(to.scale * size))
        : requantizingFactor(from.scale, 1 / size, to.scale, rounding);
    const finish = {
      kind: 'requantization',
      channels: 1,
      factors: Float64Array.of(factor),
      zero: to.zero,
      dtype,
      rounding,
    } as const;
    return finishSums(sums, out, finish, sums.length);
  },
});
