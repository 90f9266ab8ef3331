import { lane, packedSums, rounding, unlane } from './tile.ts';

/**
 * Unpacks `count` packed sums from `slot` on: the lower numbers are stored at `at` and every `step` elements, the upper ones
 * in the same way at `above`. With `above` the same as `at` there are no upper ones.
 */
export const storePairs = (() => {
  const sums = packedSums;
  return (slot: number, target: Int32Array, at: number, above: number, step: number, count: number): void => {
    const end = (slot + count) | 0;
    for (; slot < end; slot = (slot + 1) | 0) {
      const sum = sums[slot]!;
      const upper = sum * unlane + rounding - rounding;
      target[above] = upper;
      target[at] = sum - upper * lane;
      at = (at + step) | 0;
      above = (above + step) | 0;
    }
  };
})();

/** As `storePairs`, but adds to what is there; sums wrap around, as int32 does. */
export const addPairs = (() => {
  const sums = packedSums;
  return (slot: number, target: Int32Array, at: number, above: number, step: number, count: number): void => {
    const end = (slot + count) | 0;
    for (; slot < end; slot = (slot + 1) | 0) {
      const sum = sums[slot]!;
      const upper = sum * unlane + rounding - rounding;
      const before = target[at]!;
      target[above] = target[above]! + upper;
      target[at] = before + (sum - upper * lane);
      at = (at + step) | 0;
      above = (above + step) | 0;
    }
  };
})();
