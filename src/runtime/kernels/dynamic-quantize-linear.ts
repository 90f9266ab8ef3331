import { kernel } from '../kernel.ts';
import { dynamicallyQuantized } from '../quantize-dynamic.ts';

/**
 * Quantizes to uint8 over the range of the values, which always holds zero. An array of zeros has scale 1, as in ONNX
 * Runtime.
 */
export const dynamicQuantizeLinear = kernel('DynamicQuantizeLinear', {
  versions: [11],
  types: 'float32 -> uint8, float32, uint8',
  run: ({ inputs: [x] }) => dynamicallyQuantized(x!),
});
