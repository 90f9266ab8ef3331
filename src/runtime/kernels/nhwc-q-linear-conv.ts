import type { NdArray } from '../array.ts';
import { channelsFirst, channelsLast } from '../blocks.ts';
import { bytes } from '../dtypes.ts';
import { type KernelCall, kernel } from '../kernel.ts';
import { qLinearConv } from './q-linear-conv.ts';

/** QLinearConv that ONNX Runtime's optimizer writes: with `channels_last` of codes [N, spatial…, C], else as the standard's. */
export const nhwcQLinearConv = kernel<string>('QLinearConv', {
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
