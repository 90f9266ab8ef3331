import type { DataType } from '../ir/index.ts';
import { type Numbers, repeated } from './array.ts';
import type { RoundingConvention } from './conventions.ts';
import type { Finisher } from './finish.ts';
import { bandSums } from './integer/band-sums.ts';
import { codeRange, halfAway, saturate } from './quantize.ts';

const { fround } = Math;

/** Half to even for small numbers: adding 1.5·2^52 leaves no room for a fraction. */
const half = 6755399441055744;

/**
 * How int32 sums become 8-bit codes: ONNX Runtime rounds sum and product to float32 and halves to even before it adds the
 * zero point, the reference of the standard after it, in double.
 */
export interface Requantization {
  readonly kind: 'requantization';
  readonly channels: number;
  /** What a sum is multiplied with, one for all or one for each channel: see `requantizingFactor`. */
  readonly factors: Float64Array;
  /** Where rows have scales of their own, what the factors are made of. */
  readonly rows?: RowScales | undefined;
  /** Added to the sums of a channel, in int32. */
  readonly offsets?: ArrayLike<number> | undefined;
  readonly zero: number;
  readonly dtype: DataType;
  readonly rounding: RoundingConvention;
}

/** Scales of rows and of columns, repeated where there are fewer, and of the result. */
export interface RowScales {
  readonly left: ArrayLike<number>;
  readonly right: ArrayLike<number>;
  readonly step: number;
}

/** x's scale times w's over y's, in the precision that a convention multiplies sums with. */
export function requantizingFactor(x: number, w: number, y: number, rounding: RoundingConvention): number {
  return isExact(rounding) ? (x * w) / y : fround(fround(x * w) / y);
}

/** Whether quotients are those of real numbers, not of float32. */
function isExact(rounding: RoundingConvention): boolean {
  return rounding === 'half-even' || rounding === 'half-away';
}

export function requantizer(
  { channels, factors, rows, offsets, zero, dtype, rounding }: Requantization,
  codes: Numbers,
): Finisher {
  // Codes of either type are the same bits, and a loop that meets one type of array is the faster.
  const target = new Int8Array(codes.buffer as ArrayBuffer, codes.byteOffset, codes.length);
  const { min, max } = codeRange(dtype);
  const all = repeated(factors, channels);
  const added = new Int32Array(channels);
  if (offsets !== undefined) for (let c = 0; c < channels; c++) added[c] = offsets[c] ?? 0;
  const isFine = rows === undefined && all.every((factor) => Math.abs(factor) < 2 ** 20);
  const isCut = isFine && min === zero && (rounding === 'onnxruntime' || rounding === 'half-even');
  const requantizeRun = isCut ? cutLoops[rounding] : loops[rounding];
  const run: Finisher['run'] = (from, to, count, channel) =>
    requantizeRun(from, count, all[channel]!, added[channel]!, zero, min, max, target, to);
  return {
    run,
    planes(from, to, size, channel, count) {
      for (let i = 0; i < count; i++) run(from + i * size, to + i * size, size, channel + i);
    },
    row(from, to, count, channel, row) {
      if (rows !== undefined) {
        const left = rows.left[row % rows.left.length]!;
        for (let c = channel; c < channel + count; c++)
          all[c] = requantizingFactor(left, rows.right[c % rows.right.length]!, rows.step, rounding);
      }
      if (rounding === 'onnxruntime') {
        requantizeRow(from, count, all, added, channel, zero, min, max, target, to);
        return;
      }
      for (let i = 0; i < count; i++) {
        const c = channel + i;
        requantizeRun(from + i, 1, all[c]!, added[c]!, zero, min, max, target, to + i);
      }
    },
  };
}

/** Finishes elements that share a factor. */
type RunLoop = (
  from: number,
  count: number,
  factor: number,
  offset: number,
  zero: number,
  min: number,
  max: number,
  target: Int8Array,
  to: number,
) => void;

// Each loop finds its memory in a constant, for the reasons that integer/tile.ts gives. Clamping before rounding comes to
// the same; a comparison that fails takes NaN down. Branches are nearly always foreseen, where Math.min is not free.

const loops: Readonly<Record<RoundingConvention, RunLoop>> = {
  onnxruntime: (() => {
    const [sums, whole] = [bandSums, half];
    return (from, count, factor, offset, zero, min, max, target, to) => {
      const [low, high] = [min - zero, max - zero];
      for (let i = 0; i < count; i = (i + 1) | 0) {
        let real = fround(fround((sums[(from + i) | 0]! + offset) | 0) * factor);
        if (real > high) real = high;
        if (!(real > low)) real = low;
        target[(to + i) | 0] = real + whole - whole + zero;
      }
    };
  })(),
  'half-even': (() => {
    const [sums, whole] = [bandSums, half];
    return (from, count, factor, offset, zero, min, max, target, to) => {
      const [low, high] = [min - zero, max - zero];
      for (let i = 0; i < count; i = (i + 1) | 0) {
        let real = ((sums[(from + i) | 0]! + offset) | 0) * factor;
        if (real > high) real = high;
        if (!(real > low)) real = low;
        target[(to + i) | 0] = real + whole - whole + zero;
      }
    };
  })(),
  'half-away': (from, count, factor, offset, zero, min, max, target, to) => {
    const [low, high] = [min - zero, max - zero];
    for (let i = 0; i < count; i++) {
      const real = ((bandSums[from + i]! + offset) | 0) * factor;
      target[to + i] = halfAway(real > low ? Math.min(real, high) : low) + zero;
    }
  },
  onnx: (from, count, factor, offset, zero, min, max, target, to) => {
    for (let i = 0; i < count; i++) {
      const real = ((bandSums[from + i]! + offset) | 0) * factor + zero;
      target[to + i] = saturate(real, 0, min, max);
    }
  },
};

/**
 * The same where the smallest code is that of zero, as behind a Relu: half of the elements are below it, and which cannot
 * be foreseen. Whole numbers below 2^52 are clamped without a branch, as (d + |d|) / 2 is the larger of d and 0.
 */
const cutLoops: Readonly<Record<'onnxruntime' | 'half-even', RunLoop>> = {
  onnxruntime: (() => {
    const [sums, whole] = [bandSums, half];
    return (from, count, factor, offset, _, min, max, target, to) => {
      const span = max - min;
      for (let i = 0; i < count; i = (i + 1) | 0) {
        const code = fround(fround((sums[(from + i) | 0]! + offset) | 0) * factor) + whole - whole;
        const rest = span - (code + Math.abs(code)) * 0.5;
        target[(to + i) | 0] = max - (rest + Math.abs(rest)) * 0.5;
      }
    };
  })(),
  'half-even': (() => {
    const [sums, whole] = [bandSums, half];
    return (from, count, factor, offset, _, min, max, target, to) => {
      const span = max - min;
      for (let i = 0; i < count; i = (i + 1) | 0) {
        const code = ((sums[(from + i) | 0]! + offset) | 0) * factor + whole - whole;
        const rest = span - (code + Math.abs(code)) * 0.5;
        target[(to + i) | 0] = max - (rest + Math.abs(rest)) * 0.5;
      }
    };
  })(),
};

/** Elements of one row, each with the factor of its column. */
const requantizeRow = (() => {
  const [sums, whole] = [bandSums, half];
  return (
    from: number,
    count: number,
    factors: Float64Array,
    offsets: Int32Array,
    channel: number,
    zero: number,
    min: number,
    max: number,
    target: Int8Array,
    to: number,
  ): void => {
    const [low, high] = [min - zero, max - zero];
    for (let i = 0; i < count; i = (i + 1) | 0) {
      const c = (channel + i) | 0;
      let real = fround(fround((sums[(from + i) | 0]! + offsets[c]!) | 0) * factors[c]!);
      if (real > high) real = high;
      if (!(real > low)) real = low;
      target[(to + i) | 0] = real + whole - whole + zero;
    }
  };
})();
