import type { DataType } from '../ir/index.ts';
import { type FloatFormat, floatFormats, maxFinite } from '../support/minifloat.ts';
import type { NdArray } from './array.ts';
import { isSmallFloat } from './dtypes.ts';

/**
 * Rounds the values of a 16-bit float array to its type, half to even, in place: kernels compute in float32 or double
 * and the type is what is stored. Values that are representable stay, so shared data is not changed.
 */
export function roundSmallFloats(array: NdArray): void {
  if (!isSmallFloat(array.dtype) || array.dtype === 'float8e8m0') return;
  const data = array.data as Float32Array;
  const round = floatRounder(array.dtype);
  for (let i = 0; i < data.length; i++) {
    const value = data[i]!;
    const rounded = round(value);
    if (rounded !== value) data[i] = rounded;
  }
}

/**
 * A function that rounds a double to the nearest value of a float type, half to even.
 *
 * NaN becomes 0 where the type has none.
 *
 * @param saturate whether overflow gives the largest finite value; otherwise infinity or NaN where the type has them
 */
export function floatRounder(dtype: DataType, saturate = false): (value: number) => number {
  if (dtype === 'float64') return (value) => value;
  if (dtype === 'float32') return Math.fround;
  const format: FloatFormat = floatFormats[dtype as keyof typeof floatFormats];
  const { mantissaBits, bias, special } = format;
  const max = maxFinite(format);
  const smallest = 1 - bias;
  const clamps = saturate || special === 'none';
  const beyond = clamps ? max : special === 'ieee' ? Infinity : NaN;
  return (value) => {
    if (Number.isNaN(value)) return special === 'none' ? 0 : NaN;
    const quantum = 2 ** (Math.max(exponentOf(value), smallest) - mantissaBits);
    const rounded = Math.abs(value) === Infinity ? value : roundEven(value / quantum) * quantum;
    if (rounded > max) return beyond;
    if (rounded < -max) return -beyond;
    return rounded === 0 && special === 'negative-zero' ? 0 : rounded;
  };
}

const double = new Float64Array(1);
const words = new Uint32Array(double.buffer);

/** ⌊log2 |x|⌋ from the exponent bits; −1023 for zero and denormals. */
function exponentOf(value: number): number {
  double[0] = value;
  return ((words[1]! >>> 20) & 0x7ff) - 1023;
}

/** Adding 1.5·2^52 leaves no room for a fraction; the hardware rounds half to even. Exact for |x| < 2^51. */
function roundEven(value: number): number {
  const rounded = value + 6755399441055744 - 6755399441055744;
  return rounded === 0 ? value * 0 : rounded;
}
