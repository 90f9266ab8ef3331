import { allocateNumbers, makeArray, type NdArray, type Numbers, numbersOf, sameDims } from './array.ts';
import type { RoundingConvention } from './conventions.ts';
import { zipElements } from './elementwise.ts';
import { bytesOf, meaningOf } from './integer/codes.ts';
import { codeRange, saturate, saturateAway } from './quantize.ts';

const { fround } = Math;

/** Adding 1.5·2^52 leaves no room for a fraction. */
const half = 6755399441055744;

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
  return fround(scale * (code - zero));
}

/**
 * The code of a real number where an operator computed it: ONNX Runtime rounds half to even after the zero point is added,
 * quotient and sum in float32; the reference of the standard does so in double; the others round the quotient itself.
 */
export function codeOf(
  { scale, zero, dtype }: Quantizer,
  real: number,
  rounding: RoundingConvention,
): number {
  if (rounding === 'onnxruntime') return nearest(fround(fround(real / scale) + zero), dtype);
  if (rounding === 'onnx') return nearest(real / scale + zero, dtype);
  const { min, max } = codeRange(dtype);
  return rounding === 'half-away'
    ? saturateAway(real / scale, zero, min, max)
    : saturate(real / scale, zero, min, max);
}

/** Rounds a number of moderate size half to even. */
export function roundHalfEven(value: number): number {
  return value + half - half;
}

/** Rounds half to even and saturates. NaN becomes the smallest code. */
export function nearest(value: number, dtype: NdArray['dtype']): number {
  const { min, max } = codeRange(dtype);
  if (!(value > min)) return min;
  return value >= max ? max : value + half - half;
}

/** The code of a real number in a table: ONNX Runtime makes those as QuantizeLinear does, half to even before the zero point. */
function tableCode(to: Quantizer, real: number, rounding: RoundingConvention): number {
  if (rounding !== 'onnxruntime') return codeOf(to, real, rounding);
  const { min, max } = codeRange(to.dtype);
  return saturate(fround(real / to.scale), to.zero, min, max);
}

/** 8-bit codes through a table of what each of them becomes, as ONNX Runtime maps them. */
export function mapCodes(
  x: NdArray,
  from: Quantizer,
  to: Quantizer,
  of: (real: number) => number,
  rounding: RoundingConvention,
): NdArray {
  const table = allocateNumbers(to.dtype, [256]);
  meaningOf(x, from.zero).forEach((code, byte) => {
    table[byte] = tableCode(to, of(fround(from.scale * code)), rounding);
  });
  const source = bytesOf(x);
  const target = allocateNumbers(to.dtype, x.dims, 'overwritten');
  for (let i = 0; i < target.length; i++) target[i] = table[source[i]!]!;
  return makeArray(to.dtype, x.dims, target);
}

/** A loop over pairs of 8-bit codes: what each byte of either side contributes, combined, clamped and rounded half to even. */
export type CodeLoop = (
  x: Uint8Array,
  y: Uint8Array,
  left: Float64Array,
  right: Float64Array,
  target: Numbers,
  min: number,
  max: number,
) => void;

/** How two codes become one. */
export interface CodePair {
  /** What each byte of the first array contributes, and of the second. */
  readonly left: Float64Array;
  readonly right: Float64Array;
  /** Both contributions as a number to round half to even and saturate. */
  readonly combine: (left: number, right: number) => number;
  /** The same for arrays of one shape: a loop that does its arithmetic itself is several times as fast as one that calls. */
  readonly loop?: CodeLoop;
}

/** Pairs of 8-bit codes, broadcast against each other. */
export function zipCodes(
  a: NdArray,
  b: NdArray,
  dtype: NdArray['dtype'],
  { left, right, combine, loop }: CodePair,
): NdArray {
  const [x, y] = [bytesOf(a), bytesOf(b)];
  const { min, max } = codeRange(dtype);
  if (loop !== undefined && sameDims(a.dims, b.dims)) {
    const target = allocateNumbers(dtype, a.dims, 'overwritten');
    loop(x, y, left, right, target, min, max);
    return makeArray(dtype, a.dims, target);
  }
  const bytes = (array: NdArray, data: Uint8Array): NdArray => ({ dtype: 'uint8', dims: array.dims, data });
  return zipElements(bytes(a, x), bytes(b, y), dtype, (p, q) => nearest(combine(left[p]!, right[q]!), dtype));
}

/** Pairs of codes as real numbers in double, for conventions other than ONNX Runtime's. */
export function zipReals(
  a: NdArray,
  b: NdArray,
  quantizers: readonly [Quantizer, Quantizer, Quantizer],
  rounding: RoundingConvention,
  of: (x: number, y: number) => number,
): NdArray {
  const [left, right, to] = quantizers;
  return zipElements(a, b, to.dtype, (x, y) =>
    codeOf(to, of(left.scale * (x - left.zero), right.scale * (y - right.zero)), rounding),
  );
}
