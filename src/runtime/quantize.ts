import type { DataType } from '../ir/index.ts';
import { findDataType, integerRange } from '../ir/index.ts';
import { ModelError } from '../support/errors.ts';
import {
  allocateNumbers,
  makeArray,
  type NdArray,
  type Numbers,
  normalAxis,
  numbersOf,
  productOf,
  sizeOf,
} from './array.ts';
import type { RoundingConvention } from './conventions.ts';
import { isFloat } from './dtypes.ts';
import { floatRounder } from './round-float.ts';

/**
 * The one place where real numbers become codes and codes become real numbers.
 *
 * By default as ONNX Runtime does: the quotient is rounded to float32 before it is rounded to a whole number, halves to
 * even, then the zero point is added, then the sum saturates. NaN becomes the smallest code. Other conventions differ in
 * the quotient and in the halves alone (see RoundingConvention).
 */

/** Half to even for |x| < 2^51: adding 1.5·2^52 leaves no room for a fraction. */
const rounding = 6755399441055744;

/** Largest quotient whose sum with a zero point is still exact; everything beyond saturates all the same. */
const huge = 2 ** 40;

/** A quotient (any real number, NaN, ±Inf) rounded half to even, shifted by the zero point and clamped to a type's codes. */
export function saturate(quotient: number, zeroPoint: number, min: number, max: number): number {
  if (Number.isNaN(quotient)) return min;
  const bounded = Math.max(-huge, Math.min(huge, quotient));
  const code = bounded + rounding - rounding + zeroPoint;
  return Math.max(min, Math.min(max, code));
}

/** The same with halves away from zero. */
export function saturateAway(quotient: number, zeroPoint: number, min: number, max: number): number {
  if (Number.isNaN(quotient)) return min;
  const bounded = Math.max(-huge, Math.min(huge, quotient));
  return Math.max(min, Math.min(max, halfAway(bounded) + zeroPoint));
}

/** The nearest whole number, halves away from zero. Adding ½ and rounding down would lift the number before ½ to 1. */
export function halfAway(value: number): number {
  const whole = Math.trunc(value);
  const rest = value - whole;
  return rest >= 0.5 ? whole + 1 : rest <= -0.5 ? whole - 1 : whole;
}

/** Smallest and largest code of an integer type that values are quantized to. */
export function codeRange(dtype: DataType): { readonly min: number; readonly max: number } {
  const range = integerRange(dtype);
  if (range !== undefined && findDataType(dtype)!.bits <= 32) return range;
  throw new ModelError('unsupported-dtype', `Values cannot be quantized to ${dtype}.`);
}

/**
 * Which scale belongs to which element: `of(block)` is the index of the scale for every run of `run` equal-scaled
 * elements, in row-major order of x.
 */
export interface Granularity {
  readonly run: number;
  readonly scaleOf: (run: number) => number;
}

/**
 * Reads the granularity from the scale's shape: one element – per tensor; a vector – per axis; as many axes as x – blocks
 * of `blockSize` along the axis.
 *
 * @throws ModelError `axis-out-of-range`, `shape-mismatch`, `bad-block-size`
 */
export function granularityOf(
  x: NdArray,
  scale: NdArray,
  zeroPoint: NdArray | undefined,
  axis: number,
  blockSize: number,
): Granularity {
  const count = sizeOf(scale);
  if (zeroPoint !== undefined && sizeOf(zeroPoint) !== count) {
    throw new ModelError(
      'shape-mismatch',
      `The scale has dims [${scale.dims}], but the zero point [${zeroPoint.dims}]; they have to be alike.`,
    );
  }
  if (scale.dims.length === 0 || (count === 1 && scale.dims.length === 1 && blockSize === 0))
    return { run: Math.max(sizeOf(x), 1), scaleOf: () => 0 };
  const along = normalAxis(axis, x.dims.length);
  const length = x.dims[along]!;
  const inner = productOf(x.dims, along + 1);
  if (scale.dims.length === 1 && blockSize === 0) {
    if (count !== length) {
      throw new ModelError(
        'shape-mismatch',
        `The scale has ${count} elements, but axis ${along} of x [${x.dims}] has ${length}.`,
        { fix: 'The attribute "axis" names the axis that has one scale for each index.' },
      );
    }
    return { run: inner, scaleOf: (run) => run % length };
  }
  const blocks = checkBlocks(x, scale, along, blockSize);
  return {
    run: 1,
    scaleOf: (element) => {
      const within = element % inner;
      const row = Math.floor(element / inner);
      const block = Math.floor((row % length) / blockSize);
      return (Math.floor(row / length) * blocks + block) * inner + within;
    },
  };
}

function checkBlocks(x: NdArray, scale: NdArray, axis: number, blockSize: number): number {
  const blocks = scale.dims[axis] ?? 0;
  const alike =
    scale.dims.length === x.dims.length && x.dims.every((d, i) => i === axis || d === scale.dims[i]);
  if (!alike || blockSize < 1) {
    throw new ModelError(
      'bad-block-size',
      `A scale of dims [${scale.dims}] does not divide x [${x.dims}] into blocks of ${blockSize} along axis ${axis}.`,
    );
  }
  if (blocks !== Math.ceil(x.dims[axis]! / blockSize)) {
    throw new ModelError(
      'bad-block-size',
      `${blocks} blocks of ${blockSize} do not cover axis ${axis} of x [${x.dims}].`,
    );
  }
  return blocks;
}

/** What QuantizeLinear does beyond its inputs. */
export interface QuantizeOptions {
  readonly axis: number;
  readonly blockSize: number;
  readonly dtype: DataType;
  /** Float8 only: overflow becomes the largest value rather than infinity or NaN. */
  readonly saturate: boolean;
  /** Rounds the quotient to the type that the division is done in. */
  readonly precision: DataType;
  /** How quotients become whole numbers; ONNX Runtime's way unless given. */
  readonly rounding?: RoundingConvention;
}

/** y = saturate(round(x / scale) + zeroPoint), or the nearest value of a small float type. */
export function quantize(
  x: NdArray,
  scale: NdArray,
  zeroPoint: NdArray | undefined,
  options: QuantizeOptions,
): NdArray {
  const { dtype } = options;
  const granularity = granularityOf(x, scale, zeroPoint, options.axis, options.blockSize);
  const source = numbersOf(x);
  const scales = numbersOf(scale);
  const zeros = zeroPoint && numbersOf(zeroPoint);
  const target = allocateNumbers(dtype, x.dims, 'overwritten');
  const codes =
    options.precision === 'float32' && source instanceof Float32Array ? bytesOf8Bits(target) : undefined;
  const precision = options.precision === 'float32' ? Math.fround : floatRounder(options.precision);
  const float = isFloat(dtype);
  const { min, max } = float ? { min: 0, max: 0 } : codeRange(dtype);
  const round = float ? floatRounder(dtype, options.saturate) : Math.fround;
  for (let start = 0, run = 0; start < source.length; start += granularity.run, run++) {
    const index = granularity.scaleOf(run);
    const s = scales[index]!;
    const zero = zeros?.[index] ?? 0;
    const end = start + granularity.run;
    if (float) {
      for (let i = start; i < end; i++) {
        const quotient = precision(source[i]! / s);
        // Adding a zero would turn −0 into +0, and small floats keep the sign.
        const value = zero === 0 ? quotient : quotient + zero;
        target[i] = options.saturate && !Number.isNaN(value) ? clampInfinite(round, value) : round(value);
      }
    } else if (options.rounding === 'half-away') {
      for (let i = start; i < end; i++) target[i] = saturateAway(source[i]! / s, zero, min, max);
    } else if (options.rounding === 'half-even' && codes !== undefined) {
      quantizeExactly(source as Float32Array, start, end, s, zero, min, max, codes);
    } else if (options.rounding === 'half-even') {
      for (let i = start; i < end; i++) target[i] = saturate(source[i]! / s, zero, min, max);
    } else if (codes !== undefined) {
      quantizeFloats(source as Float32Array, start, end, s, zero, min, max, codes);
    } else if (options.precision === 'float32') {
      quantizeRun(source, start, end, s, zero, min, max, target);
    } else {
      for (let i = start; i < end; i++) target[i] = saturate(precision(source[i]! / s), zero, min, max);
    }
  }
  return makeArray(dtype, x.dims, target);
}

/** Codes of 8 bits as one type of array: of either type they are the same bits. */
function bytesOf8Bits(codes: Numbers): Int8Array | undefined {
  if (codes instanceof Int8Array) return codes;
  if (!(codes instanceof Uint8Array)) return undefined;
  return new Int8Array(codes.buffer as ArrayBuffer, codes.byteOffset, codes.length);
}

/** As `quantizeRun`, for the types that networks have: a loop that meets one type of array is twice as fast. */
function quantizeFloats(
  source: Float32Array,
  start: number,
  end: number,
  scale: number,
  zero: number,
  min: number,
  max: number,
  target: Int8Array,
): void {
  const [low, high] = [min - zero, max - zero];
  for (let i = start | 0; i < end; i = (i + 1) | 0) {
    let quotient = Math.fround(source[i]! / scale);
    if (quotient > high) quotient = high;
    if (!(quotient > low)) quotient = low;
    target[i] = quotient + rounding - rounding + zero;
  }
}

/** The same for quotients that are not rounded to float32. */
function quantizeExactly(
  source: Float32Array,
  start: number,
  end: number,
  scale: number,
  zero: number,
  min: number,
  max: number,
  target: Int8Array,
): void {
  const [low, high] = [min - zero, max - zero];
  for (let i = start | 0; i < end; i = (i + 1) | 0) {
    let quotient = source[i]! / scale;
    if (quotient > high) quotient = high;
    if (!(quotient > low)) quotient = low;
    target[i] = quotient + rounding - rounding + zero;
  }
}

/** The quotient is clamped before it is rounded, which comes to the same; a comparison that fails takes NaN down. */
function quantizeRun(
  source: Numbers,
  start: number,
  end: number,
  scale: number,
  zero: number,
  min: number,
  max: number,
  target: Numbers,
): void {
  const [low, high] = [min - zero, max - zero];
  for (let i = start; i < end; i++) {
    const quotient = Math.fround(source[i]! / scale);
    const bounded = quotient > low ? Math.min(quotient, high) : low;
    target[i] = bounded + rounding - rounding + zero;
  }
}

function clampInfinite(round: (value: number) => number, value: number): number {
  return round(value === Infinity ? Number.MAX_VALUE : value === -Infinity ? -Number.MAX_VALUE : value);
}

/** y = (x − zeroPoint) · scale: the difference exact, one rounding to float32, one product, rounded to the output type. */
export function dequantize(
  x: NdArray,
  scale: NdArray,
  zeroPoint: NdArray | undefined,
  options: { readonly axis: number; readonly blockSize: number; readonly dtype: DataType },
): NdArray {
  const granularity = granularityOf(x, scale, zeroPoint, options.axis, options.blockSize);
  const source = numbersOf(x);
  const scales = numbersOf(scale);
  const zeros = zeroPoint && numbersOf(zeroPoint);
  const target = allocateNumbers(options.dtype, x.dims, 'overwritten');
  for (let start = 0, run = 0; start < source.length; start += granularity.run, run++) {
    const index = granularity.scaleOf(run);
    const s = scales[index]!;
    const zero = zeros?.[index] ?? 0;
    const end = start + granularity.run;
    for (let i = start; i < end; i++) target[i] = Math.fround(source[i]! - zero) * s;
  }
  return makeArray(options.dtype, x.dims, target);
}
