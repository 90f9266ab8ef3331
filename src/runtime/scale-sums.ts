import type { Numbers } from './array.ts';
import type { Finisher } from './finish.ts';
import { bandSums } from './integer/band-sums.ts';

const { fround } = Math;

/** int32 sums as real numbers: a sum, as it is or rounded to float32 first, times a factor, rounded, plus a number. */
export interface Scaling {
  readonly kind: 'scaling';
  readonly channels: number;
  /** float32, one for each channel. */
  readonly factors: Float64Array;
  /** Added to the sums of a channel, in int32. */
  readonly offsets?: ArrayLike<number> | undefined;
  /** float32 numbers added to what comes out, one for each channel or for several in turn. */
  readonly shifts?: ArrayLike<number> | undefined;
  /** Whether sums are rounded to float32 before they are multiplied. */
  readonly rounds: boolean;
}

export function scaler({ factors, offsets, shifts, rounds }: Scaling, target: Numbers): Finisher {
  const sums = bandSums;
  const finish = (from: number, to: number, channel: number): void => {
    const sum = offsets === undefined ? sums[from]! : (sums[from]! + offsets[channel]!) | 0;
    const product = fround((rounds ? fround(sum) : sum) * factors[channel]!);
    target[to] = shifts === undefined ? product : product + shifts[channel % shifts.length]!;
  };
  return {
    run(from, to, count, channel) {
      for (let i = 0; i < count; i++) finish(from + i, to + i, channel);
    },
    planes(from, to, size, channel, count) {
      for (let i = 0; i < count * size; i++) finish(from + i, to + i, channel + Math.floor(i / size));
    },
    row(from, to, count, channel) {
      for (let i = 0; i < count; i++) finish(from + i, to + i, channel + i);
    },
  };
}
