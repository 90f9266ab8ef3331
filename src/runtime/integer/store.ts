import { lane, packedSums, rounding, unlane } from './tile.ts';

/**
 * Unpacks `count` packed sums from `slot` on: the lower numbers are stored at `at` and every `step` elements, the upper ones
 * in the same way at `above`. With `above` the same as `at` there are no upper ones.
 */
export const storePairs = (() => {
  const sums = packedSums;
  const [up, down, round] = [lane, unlane, rounding];
  return (slot: number, target: Int32Array, at: number, above: number, step: number, count: number): void => {
    let lower = at | 0;
    let upper = above | 0;
    const end = (slot + count) | 0;
    for (let i = slot | 0; i < end; i = (i + 1) | 0) {
      const sum = sums[i]!;
      const high = sum * down + round - round;
      target[upper] = high;
      target[lower] = sum - high * up;
      lower = (lower + step) | 0;
      upper = (upper + step) | 0;
    }
  };
})();

/** As `storePairs`, but adds to what is there; sums wrap around, as int32 does. */
export const addPairs = (() => {
  const sums = packedSums;
  const [up, down, round] = [lane, unlane, rounding];
  return (slot: number, target: Int32Array, at: number, above: number, step: number, count: number): void => {
    let lower = at | 0;
    let upper = above | 0;
    const end = (slot + count) | 0;
    for (let i = slot | 0; i < end; i = (i + 1) | 0) {
      const sum = sums[i]!;
      const high = sum * down + round - round;
      const before = target[lower]!;
      target[upper] = target[upper]! + high;
      target[lower] = before + (sum - high * up);
      lower = (lower + step) | 0;
      upper = (upper + step) | 0;
    }
  };
})();
