import type { DataType } from '../ir/index.ts';
import { allocateNumbers, makeArray, type NdArray, type Numbers } from './array.ts';
import type { RoundingConvention } from './conventions.ts';
import { codeRange, halfAway, saturate } from './quantize.ts';

const { fround } = Math;

/** Half to even for small numbers: adding 1.5·2^52 leaves no room for a fraction. */
const half = 6755399441055744;

/** How int32 sums become codes. */
export interface Requantization {
  /** Channels follow each other, and again from the first; each has `inner` elements in a row. */
  readonly channels: number;
  readonly inner: number;
  /** What a sum is multiplied with, one for all or one for each channel: see `requantizingFactor`. */
  readonly factors: Float64Array;
  /** Added to the sums of a channel, in int32. */
  readonly offsets?: ArrayLike<number> | undefined;
  readonly zero: number;
  readonly dtype: DataType;
  readonly rounding: RoundingConvention;
}

/** x's scale times w's over y's, in the precision that a convention multiplies sums with. */
export function requantizingFactor(x: number, w: number, y: number, rounding: RoundingConvention): number {
  return isExact(rounding) ? (x * w) / y : fround(fround(x * w) / y);
}

/** Whether quotients are those of real numbers, not of float32. */
function isExact(rounding: RoundingConvention): boolean {
  return rounding === 'half-even' || rounding === 'half-away';
}

/**
 * Codes of int32 sums, requantized once: ONNX Runtime rounds sum and product to float32 and halves to even before it adds
 * the zero point, the reference of the standard after it, in double.
 */
export function requantizeSums(
  sums: Int32Array,
  dims: readonly number[],
  { channels, inner, factors, offsets, zero, dtype, rounding }: Requantization,
): NdArray {
  const target = allocateNumbers(dtype, dims, 'overwritten');
  const { min, max } = codeRange(dtype);
  if (inner === 1) {
    const all = factors.length === 1 ? new Float64Array(channels).fill(factors[0]!) : factors;
    const added = Int32Array.from({ length: channels }, (_, c) => offsets?.[c] ?? 0);
    for (let start = 0; start < sums.length; start += channels)
      requantizeRow(sums, start, all, added, zero, min, max, rounding, target);
    return makeArray(dtype, dims, target);
  }
  for (let start = 0, run = 0; start < sums.length; start += inner, run++) {
    const channel = run % channels;
    const factor = factors[channel % factors.length]!;
    const offset = offsets?.[channel] ?? 0;
    requantizeRun(sums, start, start + inner, factor, offset, zero, min, max, rounding, target);
  }
  return makeArray(dtype, dims, target);
}

/** Elements that share a factor. Clamping before rounding comes to the same; a comparison that fails takes NaN down. */
function requantizeRun(
  sums: Int32Array,
  start: number,
  end: number,
  factor: number,
  offset: number,
  zero: number,
  min: number,
  max: number,
  rounding: RoundingConvention,
  target: Numbers,
): void {
  const [low, high] = [min - zero, max - zero];
  if (rounding === 'onnxruntime') {
    for (let i = start; i < end; i++) {
      const real = fround(fround((sums[i]! + offset) | 0) * factor);
      target[i] = (real > low ? Math.min(real, high) : low) + half - half + zero;
    }
  } else if (rounding === 'half-even') {
    for (let i = start; i < end; i++) {
      const real = ((sums[i]! + offset) | 0) * factor;
      target[i] = (real > low ? Math.min(real, high) : low) + half - half + zero;
    }
  } else if (rounding === 'half-away') {
    for (let i = start; i < end; i++) {
      const real = ((sums[i]! + offset) | 0) * factor;
      target[i] = halfAway(real > low ? Math.min(real, high) : low) + zero;
    }
  } else {
    for (let i = start; i < end; i++) {
      const real = ((sums[i]! + offset) | 0) * factor + zero;
      target[i] = saturate(real, 0, min, max);
    }
  }
}

/** Elements of one row, each with the factor of its column. */
function requantizeRow(
  sums: Int32Array,
  start: number,
  factors: Float64Array,
  offsets: Int32Array,
  zero: number,
  min: number,
  max: number,
  rounding: RoundingConvention,
  target: Numbers,
): void {
  if (rounding !== 'onnxruntime') {
    for (let c = 0; c < factors.length; c++)
      requantizeRun(
        sums,
        start + c,
        start + c + 1,
        factors[c]!,
        offsets[c]!,
        zero,
        min,
        max,
        rounding,
        target,
      );
    return;
  }
  const [low, high] = [min - zero, max - zero];
  for (let c = 0; c < factors.length; c++) {
    const real = fround(fround((sums[start + c]! + offsets[c]!) | 0) * factors[c]!);
    target[start + c] = (real > low ? Math.min(real, high) : low) + half - half + zero;
  }
}
