import { arrayOf, numbersOf } from '../array.ts';
import { kernel } from '../kernel.ts';
import { quantize, saturate } from '../quantize.ts';

/**
 * Quantizes to uint8 over the range of the values, which always holds zero. An array of zeros has scale 1, as in ONNX
 * Runtime.
 */
export const dynamicQuantizeLinear = kernel('DynamicQuantizeLinear', {
  versions: [11],
  types: 'float32 -> uint8, float32, uint8',
  run({ inputs: [x] }) {
    let low = 0;
    let high = 0;
    for (const value of numbersOf(x!)) {
      if (value < low) low = value;
      if (value > high) high = value;
    }
    const step = high === low ? 1 : Math.fround(Math.fround(high - low) / 255);
    const zero = saturate(Math.fround(-low / step), 0, 0, 255);
    const scale = arrayOf('float32', [], [step]);
    const zeroPoint = arrayOf('uint8', [], [zero]);
    const options = { axis: 0, blockSize: 0, dtype: 'uint8', saturate: true, precision: 'float32' } as const;
    return [quantize(x!, scale, zeroPoint, options), scale, zeroPoint];
  },
});
