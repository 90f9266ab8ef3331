import { type NdArray, numbersOf } from '../array.ts';
import { channelsFirst, channelsLast } from '../blocks.ts';
import { bytes } from '../dtypes.ts';
import { convolveAndFinish } from '../integer/convolve.ts';
import { type KernelCall, kernel } from '../kernel.ts';
import { checkConvolutionSums } from '../overflow.ts';
import { requantizingFactor } from '../requantize.ts';

/**
 * Convolution of codes: int32 sums of (x − zero)·(w − zero) plus bias, times x_scale·w_scale / y_scale, rounded and
 * saturated as the convention of the run says.
 */
export const qLinearConv = kernel('QLinearConv', {
  versions: [10],
  types: 'X, float32, X, W, float32, W, float32, Y, int32 -> Y',
  where: { X: bytes, W: bytes, Y: bytes },
  run({ attributes, inputs, conventions: { rounding, overflow } }) {
    const [x, , , w, , , , yZero, bias] = inputs;
    const [xScale, xZero, wScale, wZero, yScale] = [1, 2, 4, 5, 6].map((i) => numbersOf(inputs[i]!));
    const offsets = bias && numbersOf(bias);
    const operands = { x: x!, w: w!, attributes, xZero: xZero![0]!, wZeros: wZero! };
    if (overflow === 'error') checkConvolutionSums({ ...operands, offsets });
    const factors = new Float64Array(wScale!.length);
    for (let c = 0; c < factors.length; c++)
      factors[c] = requantizingFactor(xScale![0]!, wScale![c]!, yScale![0]!, rounding);
    return convolveAndFinish(operands, (dims) => ({
      kind: 'requantization',
      channels: dims[1]!,
      factors,
      offsets,
      zero: numbersOf(yZero!)[0]!,
      dtype: yZero!.dtype,
      rounding,
    }));
  },
});

/** QLinearConv that ONNX Runtime's optimizer writes: with `channels_last` of codes [N, spatial…, C], else as the standard's. */
export const microsoftQLinearConv = kernel<string>('QLinearConv', {
  domain: 'com.microsoft',
  versions: [1],
  types: 'X, float32, X, W, float32, W, float32, Y, int32 -> Y',
  where: { X: bytes, W: bytes, Y: bytes },
  run(call: KernelCall) {
    if (call.attributes['channels_last'] !== 1) return qLinearConv.run(call);
    const [x, ...others] = call.inputs;
    return channelsLast(qLinearConv.run({ ...call, inputs: [channelsFirst(x!), ...others] }) as NdArray);
  },
});
