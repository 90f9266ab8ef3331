import { arrayOf, type NdArray, numbersOf } from './array.ts';
import { quantize, saturate } from './quantize.ts';

/** An array as uint8 codes over the range of its values, which always holds zero, with scale and zero point. */
export function dynamicallyQuantized(x: NdArray): [NdArray, NdArray, NdArray] {
  let low = 0;
  let high = 0;
  for (const value of numbersOf(x)) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  const step = high === low ? 1 : Math.fround(Math.fround(high - low) / 255);
  const zero = saturate(Math.fround(-low / step), 0, 0, 255);
  const scale = arrayOf('float32', [], [step]);
  const zeroPoint = arrayOf('uint8', [], [zero]);
  const options = { axis: 0, blockSize: 0, dtype: 'uint8', saturate: true, precision: 'float32' } as const;
  return [quantize(x, scale, zeroPoint, options), scale, zeroPoint];
}
