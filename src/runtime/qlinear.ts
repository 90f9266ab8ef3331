import { allocateNumbers, makeArray, type NdArray, numbersOf } from './array.ts';
import { codeRange, saturate } from './quantize.ts';

/** Scale and zero point of a whole array. */
export interface Quantizer {
  readonly scale: number;
  readonly zero: number;
  readonly dtype: NdArray['dtype'];
}

/** Reads a scale and a zero point; a zero point that is absent is 0 of the type given. */
export function quantizerOf(scale: NdArray, zero: NdArray | undefined, dtype: NdArray['dtype']): Quantizer {
  return {
    scale: numbersOf(scale)[0]!,
    zero: zero === undefined ? 0 : numbersOf(zero)[0]!,
    dtype: zero?.dtype ?? dtype,
  };
}

/** The real number of a code, in float32. */
export function realOf({ scale, zero }: Quantizer, code: number): number {
  return Math.fround(scale * (code - zero));
}

/** The code of a real number: the quotient in float32, plus the zero point, then half to even. */
export function codeOf({ scale, zero, dtype }: Quantizer, real: number): number {
  return nearest(Math.fround(Math.fround(real / scale) + zero), dtype);
}

/** Rounds half to even and saturates. NaN becomes the smallest code. */
export function nearest(value: number, dtype: NdArray['dtype']): number {
  const { min, max } = codeRange(dtype);
  if (!(value > min)) return min;
  return value >= max ? max : value + rounding - rounding;
}

/** Adding 1.5·2^52 leaves no room for a fraction. */
const rounding = 6755399441055744;

/** The code of a real number as QuantizeLinear makes it: half to even before the zero point is added. */
function tableCode({ scale, zero, dtype }: Quantizer, real: number): number {
  const { min, max } = codeRange(dtype);
  return saturate(Math.fround(real / scale), zero, min, max);
}

/** Codes through a table of what each of them becomes, as ONNX Runtime maps 8-bit codes. */
export function mapCodes(x: NdArray, from: Quantizer, to: Quantizer, of: (real: number) => number): NdArray {
  const { min, max } = codeRange(from.dtype);
  const table = new Map<number, number>();
  for (let code = min; code <= max; code++) table.set(code, tableCode(to, of(realOf(from, code))));
  const source = numbersOf(x);
  const target = allocateNumbers(to.dtype, x.dims);
  for (let i = 0; i < target.length; i++) target[i] = table.get(source[i]!)!;
  return makeArray(to.dtype, x.dims, target);
}
